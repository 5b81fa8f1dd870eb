// Walks a radix tree in internal order, both ways, while the writer goes on.
//
// Threads:   one; the tree's writer may be at work.
// Lifetime:  borrows the tree; records live as long as its arena.
// Errors:    none.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "format/record_iterator.hpp"
#include "memtable/radix_tree.hpp"

namespace kvhost::engine {

class RadixIterator final : public RecordIterator {
 public:
  explicit RadixIterator(const RadixTree& tree) : tree_(tree) { path_.reserve(32); }

  void seek_to_first() override;
  void seek_to_last() override;
  void seek(std::string_view key, SequenceNumber sequence) override;
  void seek_for_prev(std::string_view key, SequenceNumber sequence) override;
  void next() override;
  void prev() override;
  Status status() const override { return Status::ok(); }

 private:
  // A node on the way to the leaf, and where the way left it: -1 at the key that ends there, else
  // the byte of the child. A byte, not a place, so that children added meanwhile do no harm.
  struct Step {
    const Node* node;
    int byte;
  };

  void go_to_leaf_from(std::string_view key);
  void descend_to_first(TreePointer at);
  void descend_to_last(TreePointer at);
  void next_leaf();
  void prev_leaf();
  void take_newest();
  void take_oldest();
  void load_chain();
  void show(const KeyVersion* version);
  void show_nothing() { current_ = nullptr; }

  const RadixTree& tree_;
  std::vector<Step> path_;
  const Leaf* leaf_ = nullptr;
  const KeyVersion* version_ = nullptr;  // shown, while valid
  // The leaf's versions, newest first, for walking back through them; of chain_leaf_.
  std::vector<const KeyVersion*> chain_;
  std::size_t chain_at_ = 0;
  const Leaf* chain_leaf_ = nullptr;
  Record record_;
};

}  // namespace kvhost::engine
