// A skiplist as LSM engines commonly use it, as a candidate for the memtable's index: towers of up
// to 12 links with a branching of 4, key bytes beside them, a chain of versions per key.
//
// Threads:   one writer; readers any, without locks.
// Lifetime:  borrows the arena.
#pragma once

#include <array>
#include <atomic>
#include <cstring>
#include <memory>
#include <string_view>

#include "base/arena.hpp"
#include "base/random.hpp"
#include "memtable/version_chain.hpp"

namespace kvhost::engine::bench {

class SkipList {
 public:
  explicit SkipList(Arena& arena) : arena_(arena), head_(make_node({}, kMaxHeight)) {}

  void insert(const Record& record) {
    std::array<Node*, kMaxHeight> before;
    Node* at = find_at_or_after(record.key, &before);
    if (at != nullptr && at->leaf->key() == record.key) {
      char* memory = arena_.allocate(version_size(record.value), alignof(KeyVersion));
      const KeyVersion* older = at->leaf->newest.load(std::memory_order_relaxed);
      at->leaf->newest.store(make_version(memory, record, older), std::memory_order_release);
      return;
    }
    int height = 1;
    while (height < kMaxHeight && random_.one_in(4)) ++height;
    Node* node = make_node(record, height);
    for (int level = 0; level < height; ++level) {
      const auto i = static_cast<std::size_t>(level);
      node->links()[i].store(before[i]->links()[i].load(std::memory_order_relaxed),
                             std::memory_order_relaxed);
      before[i]->links()[i].store(node, std::memory_order_release);
    }
  }

  const Leaf* find(std::string_view key) const {
    const Node* at = find_at_or_after(key, nullptr);
    return at != nullptr && at->leaf->key() == key ? at->leaf : nullptr;
  }

  // Calls visit(leaf) in key order.
  template <typename Visitor>
  void for_each(Visitor&& visit) const {
    for (const Node* at = head_->links()[0].load(std::memory_order_acquire); at != nullptr;
         at = at->links()[0].load(std::memory_order_acquire)) {
      visit(*at->leaf);
    }
  }

 private:
  static constexpr int kMaxHeight = 12;

  // The tower lies before the leaf's bytes in one piece of memory.
  struct Node {
    Leaf* leaf;
    std::atomic<Node*>* links() { return reinterpret_cast<std::atomic<Node*>*>(this + 1); }
    const std::atomic<Node*>* links() const {
      return reinterpret_cast<const std::atomic<Node*>*>(this + 1);
    }
  };

  Node* make_node(const Record& record, int height) {
    const std::size_t leaf_at = sizeof(Node) + static_cast<std::size_t>(height) * sizeof(Node*);
    const std::size_t version_at =
        leaf_at + ((kLeafKeyOffset + record.key.size() + 7) & ~std::size_t{7});
    char* memory = arena_.allocate(version_at + version_size(record.value), alignof(Node));
    Node* node = std::construct_at(reinterpret_cast<Node*>(memory));
    for (int i = 0; i < height; ++i) std::construct_at(node->links() + i, nullptr);
    node->leaf = std::construct_at(reinterpret_cast<Leaf*>(memory + leaf_at));
    node->leaf->key_size = static_cast<uint32_t>(record.key.size());
    if (!record.key.empty()) {
      std::memcpy(memory + leaf_at + kLeafKeyOffset, record.key.data(), record.key.size());
    }
    node->leaf->newest.store(make_version(memory + version_at, record, nullptr),
                             std::memory_order_relaxed);
    return node;
  }

  Node* find_at_or_after(std::string_view key, std::array<Node*, kMaxHeight>* before) const {
    Node* at = head_;
    for (std::size_t level = kMaxHeight; level-- > 0;) {
      Node* next = at->links()[level].load(std::memory_order_acquire);
      while (next != nullptr && next->leaf->key() < key) {
        at = next;
        next = at->links()[level].load(std::memory_order_acquire);
      }
      if (before != nullptr) (*before)[level] = at;
      if (level == 0) return next;
    }
    return nullptr;
  }

  Arena& arena_;
  Random random_{1};
  Node* head_;
};

}  // namespace kvhost::engine::bench
