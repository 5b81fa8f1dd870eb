// The inner nodes of the memtable's radix tree: four sizes, each with a compressed prefix and a
// place for the key that ends there, so that a key may be a prefix of another.
//
// Threads:   one writer; readers without locks. A node gains children in place and changes a child
//            pointer in place; whatever else must change (more room, another prefix) is a new node
//            that takes the old one's place, while readers may stay on the old one: it lacks at
//            most what was added after they got there.
// Lifetime:  that of the arena; replaced nodes are not reused.
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstdint>
#include <string_view>

#include "base/arena.hpp"
#include "memtable/version_chain.hpp"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace kvhost::engine {

struct Node;

// A Leaf (lowest bit set), a Node, or nothing.
using TreePointer = uintptr_t;
using TreeSlot = std::atomic<TreePointer>;

inline bool is_leaf(TreePointer at) { return (at & 1) != 0; }
inline Leaf* as_leaf(TreePointer at) { return reinterpret_cast<Leaf*>(at & ~TreePointer{1}); }
inline Node* as_node(TreePointer at) { return reinterpret_cast<Node*>(at); }
inline TreePointer pointer_to(const Leaf* leaf) { return reinterpret_cast<TreePointer>(leaf) | 1; }
inline TreePointer pointer_to(const Node* node) { return reinterpret_cast<TreePointer>(node); }

enum class NodeKind : uint8_t { k4, k16, k48, k256 };

struct Node {
  NodeKind kind = NodeKind::k4;
  // Children; readers of k4 and k16 learn from it how many are published.
  std::atomic<uint16_t> count{0};
  uint32_t prefix_size = 0;
  // The key that ends after the prefix, or null.
  std::atomic<Leaf*> terminal{nullptr};
  // Up to 8 bytes lie here; more are borrowed from a leaf's key.
  union {
    char near[8];
    const char* far;
  } prefix_bytes{};

  std::string_view prefix() const {
    return {prefix_size <= sizeof prefix_bytes.near ? prefix_bytes.near : prefix_bytes.far,
            prefix_size};
  }
};

// Children in the order in which they came; their key bytes packed into words, so that a reader
// loads them without a race.
struct Node4 : Node {
  std::atomic<uint32_t> keys{0};
  std::array<TreeSlot, 4> children{};
};
struct Node16 : Node {
  std::array<std::atomic<uint64_t>, 2> keys{};
  std::array<TreeSlot, 16> children{};
};
// places[byte] is 1 + the child's place, 0 = none.
struct Node48 : Node {
  std::array<std::atomic<uint8_t>, 256> places{};
  std::array<TreeSlot, 48> children{};
};
struct Node256 : Node {
  std::array<TreeSlot, 256> children{};
};
static_assert(sizeof(Node4) == 64, "the commonest node fills a cache line");

// A child and the key byte that leads to it; `byte` is -1 when there is none.
struct Child {
  int byte = -1;
  TreePointer pointer = 0;
};

// Where in `keys` (`count` of its low bytes) `byte` is, or -1.
inline int find_byte4(uint32_t keys, unsigned count, uint8_t byte) {
  const uint32_t difference = keys ^ (byte * 0x01010101u);
  // The lowest zero byte is exact; what borrows do above it does not matter.
  const uint32_t zeros = (difference - 0x01010101u) & ~difference & 0x80808080u;
  const unsigned at = static_cast<unsigned>(std::countr_zero(zeros)) / 8;
  return zeros != 0 && at < count ? static_cast<int>(at) : -1;
}

inline int find_byte16(uint64_t low, uint64_t high, unsigned count, uint8_t byte) {
#if defined(__SSE2__)
  const __m128i keys = _mm_set_epi64x(static_cast<int64_t>(high), static_cast<int64_t>(low));
  const __m128i equal = _mm_cmpeq_epi8(keys, _mm_set1_epi8(static_cast<char>(byte)));
  const unsigned hits = static_cast<unsigned>(_mm_movemask_epi8(equal)) & ((1u << count) - 1);
  return hits == 0 ? -1 : std::countr_zero(hits);
#else
  for (unsigned i = 0; i < count; ++i) {
    const uint64_t word = i < 8 ? low : high;
    if (static_cast<uint8_t>(word >> (i % 8 * 8)) == byte) return static_cast<int>(i);
  }
  return -1;
#endif
}

// The slot of the child under `byte`, or null.
inline const TreeSlot* find_child(const Node* node, uint8_t byte) {
  switch (node->kind) {
    case NodeKind::k4: {
      const auto* node4 = static_cast<const Node4*>(node);
      const unsigned count = node4->count.load(std::memory_order_acquire);
      const int at = find_byte4(node4->keys.load(std::memory_order_relaxed), count, byte);
      return at < 0 ? nullptr : &node4->children[static_cast<std::size_t>(at)];
    }
    case NodeKind::k16: {
      const auto* node16 = static_cast<const Node16*>(node);
      const unsigned count = node16->count.load(std::memory_order_acquire);
      const int at = find_byte16(node16->keys[0].load(std::memory_order_relaxed),
                                 node16->keys[1].load(std::memory_order_relaxed), count, byte);
      return at < 0 ? nullptr : &node16->children[static_cast<std::size_t>(at)];
    }
    case NodeKind::k48: {
      const auto* node48 = static_cast<const Node48*>(node);
      const unsigned place = node48->places[byte].load(std::memory_order_acquire);
      return place == 0 ? nullptr : &node48->children[place - 1];
    }
    case NodeKind::k256: {
      const TreeSlot& slot = static_cast<const Node256*>(node)->children[byte];
      return slot.load(std::memory_order_relaxed) == 0 ? nullptr : &slot;
    }
  }
  return nullptr;
}

// The child with the lowest byte above `after` (-1: the first of all).
Child child_after(const Node* node, int after);
// The child with the highest byte below `before` (256: the last of all).
Child child_before(const Node* node, int before);

// Brings what the children begin with near, ahead of a walk over them. Large nodes are left out:
// their children are nodes again.
void prefetch_children(const Node* node);

// For the writer.

// A node of the smallest kind. `prefix` lives as long as the arena.
Node* make_node(Arena& arena, std::string_view prefix);
bool is_full(const Node* node);
// Requires that it is not full and that no child has this byte.
void add_child(Node* node, uint8_t byte, TreePointer child);
// A copy of the next larger kind.
Node* grown(Arena& arena, const Node* node);
// A copy under another prefix.
Node* with_prefix(Arena& arena, const Node* node, std::string_view prefix);

}  // namespace kvhost::engine
