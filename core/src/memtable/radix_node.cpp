#include "memtable/radix_node.hpp"

#include <cstring>
#include <memory>

#include "base/assert.hpp"

namespace kvhost::engine {
namespace {

constexpr std::size_t kCacheLine = 64;

template <typename Kind>
Kind* make(Arena& arena, NodeKind kind) {
  const std::size_t alignment = sizeof(Kind) <= kCacheLine ? kCacheLine : alignof(Kind);
  auto* node = std::construct_at(reinterpret_cast<Kind*>(arena.allocate(sizeof(Kind), alignment)));
  node->kind = kind;
  return node;
}

Node* make_kind(Arena& arena, NodeKind kind) {
  switch (kind) {
    case NodeKind::k4:
      return make<Node4>(arena, kind);
    case NodeKind::k16:
      return make<Node16>(arena, kind);
    case NodeKind::k48:
      return make<Node48>(arena, kind);
    case NodeKind::k256:
      break;
  }
  return make<Node256>(arena, NodeKind::k256);
}

void set_prefix(Node* node, std::string_view prefix) {
  node->prefix_size = static_cast<uint32_t>(prefix.size());
  if (prefix.size() <= sizeof node->prefix_bytes.near) {
    if (!prefix.empty()) std::memcpy(node->prefix_bytes.near, prefix.data(), prefix.size());
  } else {
    node->prefix_bytes.far = prefix.data();
  }
}

uint8_t key16(const Node16* node, unsigned at) {
  return static_cast<uint8_t>(node->keys[at / 8].load(std::memory_order_relaxed) >> (at % 8 * 8));
}

uint8_t key4(const Node4* node, unsigned at) {
  return static_cast<uint8_t>(node->keys.load(std::memory_order_relaxed) >> (at * 8));
}

// The published child of an unordered node whose byte is nearest beyond `from` in the direction.
template <bool kUp, typename Kind, typename KeyAt>
Child nearest(const Kind* node, int from, KeyAt key_at) {
  const unsigned count = node->count.load(std::memory_order_acquire);
  int best = kUp ? 256 : -1;
  unsigned place = 0;
  for (unsigned i = 0; i < count; ++i) {
    const int byte = key_at(node, i);
    if (kUp ? (byte > from && byte < best) : (byte < from && byte > best)) {
      best = byte;
      place = i;
    }
  }
  if (best == (kUp ? 256 : -1)) return {};
  return {best, node->children[place].load(std::memory_order_acquire)};
}

template <bool kUp>
Child walk48(const Node48* node, int from) {
  for (int byte = kUp ? from + 1 : from - 1; kUp ? byte < 256 : byte >= 0; byte += kUp ? 1 : -1) {
    const unsigned place =
        node->places[static_cast<unsigned>(byte)].load(std::memory_order_acquire);
    if (place != 0) return {byte, node->children[place - 1].load(std::memory_order_acquire)};
  }
  return {};
}

template <bool kUp>
Child walk256(const Node256* node, int from) {
  for (int byte = kUp ? from + 1 : from - 1; kUp ? byte < 256 : byte >= 0; byte += kUp ? 1 : -1) {
    const TreePointer child =
        node->children[static_cast<unsigned>(byte)].load(std::memory_order_acquire);
    if (child != 0) return {byte, child};
  }
  return {};
}

template <bool kUp>
Child neighbour(const Node* node, int from) {
  switch (node->kind) {
    case NodeKind::k4:
      return nearest<kUp>(static_cast<const Node4*>(node), from, key4);
    case NodeKind::k16:
      return nearest<kUp>(static_cast<const Node16*>(node), from, key16);
    case NodeKind::k48:
      return walk48<kUp>(static_cast<const Node48*>(node), from);
    case NodeKind::k256:
      break;
  }
  return walk256<kUp>(static_cast<const Node256*>(node), from);
}

Node* copy(Arena& arena, const Node* node, NodeKind kind, std::string_view prefix) {
  Node* made = make_kind(arena, kind);
  set_prefix(made, prefix);
  made->terminal.store(node->terminal.load(std::memory_order_relaxed), std::memory_order_relaxed);
  for (Child child = child_after(node, -1); child.byte >= 0;
       child = child_after(node, child.byte)) {
    add_child(made, static_cast<uint8_t>(child.byte), child.pointer);
  }
  return made;
}

}  // namespace

Child child_after(const Node* node, int after) { return neighbour<true>(node, after); }
Child child_before(const Node* node, int before) { return neighbour<false>(node, before); }

namespace {

template <typename Kind>
void prefetch_all(const Kind* node) {
  const unsigned count = node->count.load(std::memory_order_acquire);
  for (unsigned i = 0; i < count; ++i) {
    const TreePointer child = node->children[i].load(std::memory_order_relaxed);
    const char* at = reinterpret_cast<const char*>(child & ~TreePointer{1});
    __builtin_prefetch(at);
    __builtin_prefetch(at + kCacheLine);
  }
}

}  // namespace

void prefetch_children(const Node* node) {
  switch (node->kind) {
    case NodeKind::k4:
      return prefetch_all(static_cast<const Node4*>(node));
    case NodeKind::k16:
      return prefetch_all(static_cast<const Node16*>(node));
    case NodeKind::k48:
      return prefetch_all(static_cast<const Node48*>(node));
    case NodeKind::k256:
      return;
  }
}

Node* make_node(Arena& arena, std::string_view prefix) {
  Node* node = make<Node4>(arena, NodeKind::k4);
  set_prefix(node, prefix);
  return node;
}

bool is_full(const Node* node) {
  constexpr std::array<uint16_t, 4> kRoom{4, 16, 48, 256};
  return node->count.load(std::memory_order_relaxed) == kRoom[static_cast<std::size_t>(node->kind)];
}

// A child is published before the byte that leads to it, and that before the count.
void add_child(Node* node, uint8_t byte, TreePointer child) {
  KVHOST_ASSERT(!is_full(node), "a child was added to a full node");
  const uint16_t count = node->count.load(std::memory_order_relaxed);
  switch (node->kind) {
    case NodeKind::k4: {
      auto* node4 = static_cast<Node4*>(node);
      node4->children[count].store(child, std::memory_order_release);
      const uint32_t keys = node4->keys.load(std::memory_order_relaxed);
      node4->keys.store(keys | (uint32_t{byte} << (count * 8)), std::memory_order_relaxed);
      break;
    }
    case NodeKind::k16: {
      auto* node16 = static_cast<Node16*>(node);
      node16->children[count].store(child, std::memory_order_release);
      std::atomic<uint64_t>& word = node16->keys[count / 8];
      word.store(word.load(std::memory_order_relaxed) | (uint64_t{byte} << (count % 8 * 8)),
                 std::memory_order_relaxed);
      break;
    }
    case NodeKind::k48: {
      auto* node48 = static_cast<Node48*>(node);
      node48->children[count].store(child, std::memory_order_release);
      node48->places[byte].store(static_cast<uint8_t>(count + 1), std::memory_order_release);
      break;
    }
    case NodeKind::k256:
      static_cast<Node256*>(node)->children[byte].store(child, std::memory_order_release);
      break;
  }
  node->count.store(static_cast<uint16_t>(count + 1), std::memory_order_release);
}

Node* grown(Arena& arena, const Node* node) {
  const auto next = static_cast<NodeKind>(static_cast<uint8_t>(node->kind) + 1);
  return copy(arena, node, next, node->prefix());
}

Node* with_prefix(Arena& arena, const Node* node, std::string_view prefix) {
  return copy(arena, node, node->kind, prefix);
}

}  // namespace kvhost::engine
