#include "memtable/radix_tree.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>

#include "base/assert.hpp"

namespace kvhost::engine {
namespace {

std::size_t common_prefix(std::string_view a, std::string_view b) {
  const std::size_t limit = std::min(a.size(), b.size());
  std::size_t same = 0;
  while (same < limit && a[same] == b[same]) ++same;
  return same;
}

uint8_t byte_at(std::string_view key, std::size_t at) { return static_cast<uint8_t>(key[at]); }

// Walks that are under way together.
constexpr std::size_t kWalks = 16;

struct Walk {
  std::string_view key;
  const Node* node;
  std::size_t depth;
};

// One step of find(). False: the walk has come to its end; a leaf there is on its way.
bool step(Walk& walk) {
  const Node* const node = walk.node;
  walk.depth += node->prefix_size;
  if (walk.depth >= walk.key.size()) {
    __builtin_prefetch(node->terminal.load(std::memory_order_relaxed));
    return false;
  }
  const TreeSlot* const slot = find_child(node, byte_at(walk.key, walk.depth++));
  if (slot == nullptr) return false;
  const TreePointer at = slot->load(std::memory_order_acquire);
  if (at == 0) return false;
  if (is_leaf(at)) {
    const char* const leaf = reinterpret_cast<const char*>(as_leaf(at));
    __builtin_prefetch(leaf);
    __builtin_prefetch(leaf + 64);
    return false;
  }
  walk.node = as_node(at);
  __builtin_prefetch(walk.node);
  return true;
}

}  // namespace

const Leaf* RadixTree::find(std::string_view key) const {
  TreePointer at = root_.load(std::memory_order_acquire);
  std::size_t depth = 0;
  while (at != 0) {
    if (is_leaf(at)) {
      const Leaf* leaf = as_leaf(at);
      return leaf->key() == key ? leaf : nullptr;
    }
    // Prefixes are skipped unread: the leaf's whole key is compared in the end.
    const Node* node = as_node(at);
    depth += node->prefix_size;
    if (depth >= key.size()) {
      const Leaf* leaf = node->terminal.load(std::memory_order_acquire);
      return leaf != nullptr && leaf->key() == key ? leaf : nullptr;
    }
    const TreeSlot* slot = find_child(node, byte_at(key, depth));
    if (slot == nullptr) return nullptr;
    at = slot->load(std::memory_order_acquire);
    ++depth;
  }
  return nullptr;
}

void RadixTree::prefetch(std::span<const std::string_view> keys) const {
  const TreePointer root = root_.load(std::memory_order_acquire);
  if (root == 0 || is_leaf(root)) return;
  std::array<Walk, kWalks> walks;
  while (!keys.empty()) {
    std::size_t count = std::min(keys.size(), kWalks);
    for (std::size_t i = 0; i < count; ++i) walks[i] = {keys[i], as_node(root), 0};
    keys = keys.subspan(count);
    while (count > 0) {
      for (std::size_t i = 0; i < count;) {
        if (step(walks[i])) {
          ++i;
        } else {
          walks[i] = walks[--count];
        }
      }
    }
  }
}

void RadixTree::insert(const Record& record) {
  const std::string_view key = record.key;
  TreeSlot* slot = &root_;
  std::size_t depth = 0;
  for (;;) {
    const TreePointer at = slot->load(std::memory_order_relaxed);
    if (at == 0) {
      slot->store(pointer_to(make_leaf(record)), std::memory_order_release);
      return;
    }
    if (is_leaf(at)) {
      if (as_leaf(at)->key() == key) return add_version(as_leaf(at), record);
      return split_leaf(slot, as_leaf(at), depth, record);
    }
    Node* node = as_node(at);
    const std::string_view prefix = node->prefix();
    const std::size_t matched = common_prefix(prefix, key.substr(depth));
    if (matched < prefix.size()) return split_prefix(slot, node, matched, depth, record);
    depth += matched;
    if (depth == key.size()) {
      if (Leaf* leaf = node->terminal.load(std::memory_order_relaxed); leaf != nullptr) {
        return add_version(leaf, record);
      }
      node->terminal.store(make_leaf(record), std::memory_order_release);
      return;
    }
    const TreeSlot* child = find_child(node, byte_at(key, depth));
    if (child == nullptr) {
      if (is_full(node)) {
        node = grown(arena_, node);
        add_child(node, byte_at(key, depth), pointer_to(make_leaf(record)));
        slot->store(pointer_to(node), std::memory_order_release);
      } else {
        add_child(node, byte_at(key, depth), pointer_to(make_leaf(record)));
      }
      return;
    }
    slot = const_cast<TreeSlot*>(child);
    ++depth;
  }
}

Leaf* RadixTree::make_leaf(const Record& record) {
  KVHOST_ASSERT(record.key.size() <= UINT32_MAX, "a key is longer than 4 GiB");
  // Key and first version lie together: what a lookup reads is one run of memory.
  const std::size_t version_at = (kLeafKeyOffset + record.key.size() + 7) & ~std::size_t{7};
  char* memory = arena_.allocate(version_at + version_size(record.value), alignof(Leaf));
  Leaf* leaf = std::construct_at(reinterpret_cast<Leaf*>(memory));
  leaf->key_size = static_cast<uint32_t>(record.key.size());
  if (!record.key.empty()) {
    std::memcpy(memory + kLeafKeyOffset, record.key.data(), record.key.size());
  }
  leaf->newest.store(make_version(memory + version_at, record, nullptr), std::memory_order_relaxed);
  return leaf;
}

void RadixTree::add_version(Leaf* leaf, const Record& record) {
  char* memory = arena_.allocate(version_size(record.value), alignof(KeyVersion));
  const KeyVersion* older = leaf->newest.load(std::memory_order_relaxed);
  leaf->newest.store(make_version(memory, record, older), std::memory_order_release);
}

// Two leaves meet in one slot: a node over what their keys share takes it.
void RadixTree::split_leaf(TreeSlot* slot, Leaf* existing, std::size_t depth,
                           const Record& record) {
  Leaf* leaf = make_leaf(record);
  const std::size_t shared =
      common_prefix(existing->key().substr(depth), leaf->key().substr(depth));
  Node* node = make_node(arena_, existing->key().substr(depth, shared));
  attach(node, depth + shared, existing);
  attach(node, depth + shared, leaf);
  slot->store(pointer_to(node), std::memory_order_release);
}

// The key leaves a node's prefix in its middle: a node over the part that is shared takes the slot.
void RadixTree::split_prefix(TreeSlot* slot, Node* node, std::size_t matched, std::size_t depth,
                             const Record& record) {
  const std::string_view prefix = node->prefix();
  Node* above = make_node(arena_, prefix.substr(0, matched));
  add_child(above, byte_at(prefix, matched),
            pointer_to(with_prefix(arena_, node, prefix.substr(matched + 1))));
  attach(above, depth + matched, make_leaf(record));
  slot->store(pointer_to(above), std::memory_order_release);
}

void RadixTree::attach(Node* node, std::size_t depth, Leaf* leaf) {
  const std::string_view key = leaf->key();
  if (key.size() == depth) {
    node->terminal.store(leaf, std::memory_order_release);
  } else {
    add_child(node, byte_at(key, depth), pointer_to(leaf));
  }
}

}  // namespace kvhost::engine
