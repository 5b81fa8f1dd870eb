#include "memtable/radix_iterator.hpp"

#include <algorithm>
#include <cstring>

#include "base/assert.hpp"

namespace kvhost::engine {

void RadixIterator::seek_to_first() {
  path_.clear();
  leaf_ = nullptr;
  if (const TreePointer root = tree_.root_.load(std::memory_order_acquire); root != 0) {
    descend_to_first(root);
  }
  take_newest();
}

void RadixIterator::seek_to_last() {
  path_.clear();
  leaf_ = nullptr;
  if (const TreePointer root = tree_.root_.load(std::memory_order_acquire); root != 0) {
    descend_to_last(root);
  }
  take_oldest();
}

void RadixIterator::seek(std::string_view key, SequenceNumber sequence) {
  go_to_leaf_from(key);
  if (leaf_ != nullptr && leaf_->key() == key) {
    const KeyVersion* visible =
        visible_version(leaf_->newest.load(std::memory_order_acquire), sequence);
    if (visible != nullptr) {
      show(visible);
      return;
    }
    next_leaf();
  }
  take_newest();
}

void RadixIterator::seek_for_prev(std::string_view key, SequenceNumber sequence) {
  go_to_leaf_from(key);
  if (leaf_ == nullptr) {
    seek_to_last();
    return;
  }
  if (leaf_->key() == key) {
    load_chain();
    const auto after = std::partition_point(
        chain_.begin(), chain_.end(),
        [sequence](const KeyVersion* version) { return version->sequence() >= sequence; });
    if (after != chain_.begin()) {
      chain_at_ = static_cast<std::size_t>(after - chain_.begin()) - 1;
      show(chain_[chain_at_]);
      return;
    }
  }
  prev_leaf();
  take_oldest();
}

void RadixIterator::next() {
  KVHOST_ASSERT(valid(), "next() of an iterator that is not valid");
  if (const KeyVersion* older = version_->older; older != nullptr) {
    if (chain_leaf_ == leaf_) ++chain_at_;
    show(older);
    return;
  }
  next_leaf();
  take_newest();
}

void RadixIterator::prev() {
  KVHOST_ASSERT(valid(), "prev() of an iterator that is not valid");
  if (chain_leaf_ != leaf_) {
    load_chain();
    chain_at_ = static_cast<std::size_t>(std::find(chain_.begin(), chain_.end(), version_) -
                                         chain_.begin());
  }
  if (chain_at_ > 0) {
    show(chain_[--chain_at_]);
    return;
  }
  prev_leaf();
  take_oldest();
}

// The first leaf whose key is not below `key`, or null past the end.
void RadixIterator::go_to_leaf_from(std::string_view key) {
  path_.clear();
  leaf_ = nullptr;
  chain_leaf_ = nullptr;
  TreePointer at = tree_.root_.load(std::memory_order_acquire);
  std::size_t depth = 0;
  while (at != 0) {
    if (is_leaf(at)) {
      leaf_ = as_leaf(at);
      if (leaf_->key() < key) next_leaf();
      return;
    }
    const Node* node = as_node(at);
    const std::string_view prefix = node->prefix();
    const std::string_view rest = key.substr(depth);
    const int order = prefix.compare(rest.substr(0, prefix.size()));
    if (order > 0) return descend_to_first(at);
    if (order < 0) return next_leaf();
    depth += prefix.size();
    if (depth == key.size()) return descend_to_first(at);
    const uint8_t byte = static_cast<uint8_t>(key[depth]);
    path_.push_back({node, byte});
    const TreeSlot* slot = find_child(node, byte);
    if (slot == nullptr) return next_leaf();
    at = slot->load(std::memory_order_acquire);
    ++depth;
  }
}

void RadixIterator::descend_to_first(TreePointer at) {
  while (!is_leaf(at)) {
    const Node* node = as_node(at);
    prefetch_children(node);
    if (const Leaf* ending = node->terminal.load(std::memory_order_acquire); ending != nullptr) {
      path_.push_back({node, -1});
      leaf_ = ending;
      return;
    }
    const Child child = child_after(node, -1);
    path_.push_back({node, child.byte});
    at = child.pointer;
  }
  leaf_ = as_leaf(at);
}

void RadixIterator::descend_to_last(TreePointer at) {
  while (!is_leaf(at)) {
    const Node* node = as_node(at);
    prefetch_children(node);
    const Child child = child_before(node, 256);
    path_.push_back({node, child.byte});
    at = child.pointer;
  }
  leaf_ = as_leaf(at);
}

void RadixIterator::next_leaf() {
  leaf_ = nullptr;
  while (!path_.empty()) {
    Step& step = path_.back();
    const Child child = child_after(step.node, step.byte);
    if (child.byte >= 0) {
      step.byte = child.byte;
      return descend_to_first(child.pointer);
    }
    path_.pop_back();
  }
}

void RadixIterator::prev_leaf() {
  leaf_ = nullptr;
  while (!path_.empty()) {
    Step& step = path_.back();
    if (step.byte >= 0) {
      const Child child = child_before(step.node, step.byte);
      step.byte = child.byte;
      if (child.byte >= 0) return descend_to_last(child.pointer);
      leaf_ = step.node->terminal.load(std::memory_order_acquire);
      if (leaf_ != nullptr) return;
    }
    path_.pop_back();
  }
}

void RadixIterator::take_newest() {
  chain_leaf_ = nullptr;
  if (leaf_ == nullptr) {
    show_nothing();
    return;
  }
  show(leaf_->newest.load(std::memory_order_acquire));
}

void RadixIterator::take_oldest() {
  if (leaf_ == nullptr) {
    show_nothing();
    return;
  }
  load_chain();
  chain_at_ = chain_.size() - 1;
  show(chain_.back());
}

void RadixIterator::load_chain() {
  chain_.clear();
  for (const KeyVersion* at = leaf_->newest.load(std::memory_order_acquire); at != nullptr;
       at = at->older) {
    chain_.push_back(at);
  }
  chain_leaf_ = leaf_;
}

void RadixIterator::show(const KeyVersion* version) {
  version_ = version;
  record_.key = leaf_->key();
  record_.value = version->value();
  record_.sequence = version->sequence();
  record_.type = version->type();
  record_.expires_at_ms = version->expires_at_ms;
  current_ = &record_;
}

}  // namespace kvhost::engine
