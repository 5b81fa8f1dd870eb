// A B+-tree as a candidate for the memtable's index: leaves of 32 keys with 8-byte heads searched
// before the keys are touched. It is the single-threaded bound of what a B+-tree can do: readers
// beside the writer would cost it more.
//
// Threads:   one.
// Lifetime:  borrows the arena.
#pragma once

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

#include "base/arena.hpp"
#include "memtable/version_chain.hpp"

namespace kvhost::engine::bench {

class PlainBtree {
 public:
  explicit PlainBtree(Arena& arena) : arena_(arena), root_(make_page(true)) {}

  void insert(const Record& record) {
    if (root_->count == kFanout) {
      Page* above = make_page(false);
      above->count = 1;
      above->entries[0] = root_;
      split_child(above, 0);
      root_ = above;
    }
    Page* page = root_;
    const uint64_t head = head_of(record.key);
    while (!page->is_leaf) {
      unsigned at = child_of(page, head, record.key);
      if (static_cast<Page*>(page->entries[at])->count == kFanout) {
        split_child(page, at);
        at = child_of(page, head, record.key);
      }
      page = static_cast<Page*>(page->entries[at]);
    }
    const unsigned at = lower_bound(page, head, record.key);
    if (at < page->count && page->keys[at] == record.key) {
      auto* leaf = static_cast<Leaf*>(page->entries[at]);
      char* memory = arena_.allocate(version_size(record.value), alignof(KeyVersion));
      leaf->newest.store(make_version(memory, record, leaf->newest.load(std::memory_order_relaxed)),
                         std::memory_order_relaxed);
      return;
    }
    open_gap(page, at);
    Leaf* leaf = make_leaf(record);
    page->heads[at] = head;
    page->keys[at] = leaf->key();
    page->entries[at] = leaf;
  }

  const Leaf* find(std::string_view key) const {
    const uint64_t head = head_of(key);
    const Page* page = root_;
    while (!page->is_leaf)
      page = static_cast<const Page*>(page->entries[child_of(page, head, key)]);
    const unsigned at = lower_bound(page, head, key);
    if (at == page->count || page->keys[at] != key) return nullptr;
    return static_cast<const Leaf*>(page->entries[at]);
  }

  // Calls visit(leaf) in key order.
  template <typename Visitor>
  void for_each(Visitor&& visit) const {
    std::vector<std::pair<const Page*, unsigned>> path{{root_, 0}};
    while (!path.empty()) {
      auto& [page, at] = path.back();
      if (at == page->count) {
        path.pop_back();
      } else if (page->is_leaf) {
        visit(*static_cast<const Leaf*>(page->entries[at++]));
      } else {
        path.emplace_back(static_cast<const Page*>(page->entries[at++]), 0);
      }
    }
  }

 private:
  static constexpr unsigned kFanout = 32;

  // An inner page's key i is the lowest key under entry i; that of entry 0 is not looked at.
  struct Page {
    unsigned count = 0;
    bool is_leaf = true;
    std::array<uint64_t, kFanout> heads{};
    std::array<void*, kFanout> entries{};
    std::array<std::string_view, kFanout> keys{};
  };

  static uint64_t head_of(std::string_view key) {
    char bytes[8] = {};
    if (!key.empty()) std::memcpy(bytes, key.data(), std::min<std::size_t>(8, key.size()));
    uint64_t head;
    std::memcpy(&head, bytes, sizeof head);
    return __builtin_bswap64(head);
  }

  // The first place whose key is not below `key`.
  static unsigned lower_bound(const Page* page, uint64_t head, std::string_view key) {
    unsigned at = 0;
    for (unsigned i = 0; i < page->count; ++i) at += page->heads[i] < head ? 1u : 0u;
    while (at < page->count && page->heads[at] == head && page->keys[at] < key) ++at;
    return at;
  }

  static unsigned child_of(const Page* page, uint64_t head, std::string_view key) {
    const unsigned at = lower_bound(page, head, key);
    if (at < page->count && page->keys[at] == key) return at;
    return at == 0 ? 0 : at - 1;
  }

  static void open_gap(Page* page, unsigned at) {
    for (unsigned i = page->count; i > at; --i) {
      page->heads[i] = page->heads[i - 1];
      page->keys[i] = page->keys[i - 1];
      page->entries[i] = page->entries[i - 1];
    }
    ++page->count;
  }

  Page* make_page(bool is_leaf) {
    Page* page = std::construct_at(reinterpret_cast<Page*>(arena_.allocate(sizeof(Page), 64)));
    page->is_leaf = is_leaf;
    return page;
  }

  void split_child(Page* parent, unsigned at) {
    auto* left = static_cast<Page*>(parent->entries[at]);
    Page* right = make_page(left->is_leaf);
    const unsigned half = kFanout / 2;
    std::copy(left->heads.begin() + half, left->heads.end(), right->heads.begin());
    std::copy(left->keys.begin() + half, left->keys.end(), right->keys.begin());
    std::copy(left->entries.begin() + half, left->entries.end(), right->entries.begin());
    left->count = half;
    right->count = kFanout - half;
    open_gap(parent, at + 1);
    parent->heads[at + 1] = right->heads[0];
    parent->keys[at + 1] = right->keys[0];
    parent->entries[at + 1] = right;
  }

  Leaf* make_leaf(const Record& record) {
    const std::size_t version_at = (kLeafKeyOffset + record.key.size() + 7) & ~std::size_t{7};
    char* memory = arena_.allocate(version_at + version_size(record.value), alignof(Leaf));
    Leaf* leaf = std::construct_at(reinterpret_cast<Leaf*>(memory));
    leaf->key_size = static_cast<uint32_t>(record.key.size());
    if (!record.key.empty()) {
      std::memcpy(memory + kLeafKeyOffset, record.key.data(), record.key.size());
    }
    leaf->newest.store(make_version(memory + version_at, record, nullptr),
                       std::memory_order_relaxed);
    return leaf;
  }

  Arena& arena_;
  Page* root_;
};

}  // namespace kvhost::engine::bench
