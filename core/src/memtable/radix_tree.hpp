// The memtable's index: an adaptive radix tree (Leis, Kemper, Neumann: "The Adaptive Radix Tree",
// ICDE 2013) from key to version chain. Keys are any bytes, a key may be a prefix of another, and
// nothing recurses, however long they are.
//
// Threads:   one writer; find() and the iterator any number at the same time, without locks.
// Lifetime:  borrows the arena, where all of it lies.
#pragma once

#include <atomic>
#include <span>
#include <string_view>

#include "base/arena.hpp"
#include "format/record.hpp"
#include "memtable/radix_node.hpp"
#include "memtable/version_chain.hpp"

namespace kvhost::engine {

class RadixTree {
 public:
  explicit RadixTree(Arena& arena) : arena_(arena) {}
  RadixTree(const RadixTree&) = delete;
  RadixTree& operator=(const RadixTree&) = delete;

  // Puts the record on top of its key's chain.
  void insert(const Record& record);
  // The leaf of `key`, or null.
  const Leaf* find(std::string_view key) const;
  // Brings near what find() will touch for each of `keys`: their walks wait for memory together.
  void prefetch(std::span<const std::string_view> keys) const;

 private:
  friend class RadixIterator;

  Leaf* make_leaf(const Record& record);
  void add_version(Leaf* leaf, const Record& record);
  void split_leaf(TreeSlot* slot, Leaf* existing, std::size_t depth, const Record& record);
  void split_prefix(TreeSlot* slot, Node* node, std::size_t matched, std::size_t depth,
                    const Record& record);
  void attach(Node* node, std::size_t depth, Leaf* leaf);

  Arena& arena_;
  TreeSlot root_{0};
};

}  // namespace kvhost::engine
