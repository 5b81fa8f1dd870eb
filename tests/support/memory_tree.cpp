#include "support/memory_tree.hpp"

#include <algorithm>
#include <functional>
#include <set>
#include <utility>

namespace kvhost::engine::testing {
namespace {

// The smallest piece of a file that a disk writes whole.
constexpr std::size_t kSector = 512;

void carry_out(std::string& data, const PendingWrite& write) {
  if (write.is_truncate) {
    data.resize(write.offset);
    return;
  }
  if (data.size() < write.offset + write.after.size()) {
    data.resize(write.offset + write.after.size());
  }
  data.replace(write.offset, write.after.size(), write.after);
}

// The file as it was at its last sync.
std::string undone(const Node& file) {
  std::string data = file.data;
  for (auto write = file.pending.rbegin(); write != file.pending.rend(); ++write) {
    data.resize(write->size_before);
    data.replace(write->offset, write->before.size(), write->before);
  }
  return data;
}

// Each sector of `synced` holds what some moment since the sync had left there; a file that grew
// keeps any part of its new tail.
std::string partly_written(const Node& file, const std::string& synced, Random& random) {
  const bool truncated = std::any_of(file.pending.begin(), file.pending.end(),
                                     [](const PendingWrite& write) { return write.is_truncate; });
  if (truncated) return random.one_in(2) ? file.data : synced;
  std::string data = synced;
  std::set<std::size_t> touched;
  for (const PendingWrite& write : file.pending) {
    for (std::size_t at = write.offset / kSector * kSector;
         at < std::min(write.offset + write.after.size(), synced.size()); at += kSector) {
      touched.insert(at);
    }
  }
  for (const std::size_t at : touched) {
    const std::size_t survivors = random.below(file.pending.size() + 1);
    const std::size_t length = std::min(kSector, synced.size() - at);
    std::string sector = synced.substr(at, length);
    for (std::size_t i = 0; i < survivors; ++i) {
      const PendingWrite& write = file.pending[i];
      const std::size_t begin = std::max<std::size_t>(at, write.offset);
      const std::size_t end = std::min(at + length, write.offset + write.after.size());
      if (begin < end) {
        sector.replace(begin - at, end - begin, write.after, begin - write.offset, end - begin);
      }
    }
    data.replace(at, length, sector);
  }
  if (file.data.size() > synced.size()) {
    const std::size_t size = synced.size() + random.below(file.data.size() - synced.size() + 1);
    data.append(file.data, synced.size(), size - synced.size());
  }
  return data;
}

void make_durable(const auto& changes) {
  for (const auto& change : changes) {
    if (change.node == nullptr) {
      change.directory->durable_entries.erase(change.name);
    } else {
      change.directory->durable_entries[change.name] = change.node;
    }
  }
}

}  // namespace

void Node::write(uint64_t offset, std::string_view bytes) {
  PendingWrite write{offset, {}, std::string(bytes), data.size(), false};
  if (offset < data.size()) write.before = data.substr(offset, bytes.size());
  carry_out(data, write);
  pending.push_back(std::move(write));
}

void Node::truncate(uint64_t size) {
  PendingWrite write{size, data.substr(size), {}, data.size(), true};
  carry_out(data, write);
  pending.push_back(std::move(write));
}

MemoryTree::MemoryTree() : root_(std::make_shared<Node>()) { root_->is_directory = true; }

MemoryTree::Place MemoryTree::locate(const std::string& path) const {
  Place place{nullptr, {}};
  NodePointer here = root_;
  std::size_t begin = 0;
  while (begin < path.size()) {
    std::size_t end = path.find('/', begin);
    if (end == std::string::npos) end = path.size();
    const std::string part = path.substr(begin, end - begin);
    begin = end + 1;
    if (part.empty() || part == ".") continue;
    if (here == nullptr || !here->is_directory) return {nullptr, {}};
    place = {here, part};
    const auto found = here->entries.find(part);
    here = found == here->entries.end() ? nullptr : found->second;
  }
  return place;
}

NodePointer MemoryTree::find(const std::string& path) const {
  const Place place = locate(path);
  if (place.directory == nullptr) {
    const bool is_root = path.find_first_not_of("/.") == std::string::npos && !path.empty();
    return is_root ? root_ : nullptr;
  }
  const auto found = place.directory->entries.find(place.name);
  return found == place.directory->entries.end() ? nullptr : found->second;
}

void MemoryTree::set_entry(const Place& place, NodePointer node) {
  // A change that takes a name away still belongs to the file that had it.
  pending_.push_back({{place.directory, place.name, node}});
  if (node == nullptr) {
    place.directory->entries.erase(place.name);
  } else {
    place.directory->entries[place.name] = std::move(node);
  }
}

void MemoryTree::move_entry(const Place& from, const Place& to) {
  const NodePointer node = from.directory->entries.at(from.name);
  pending_.push_back({{from.directory, from.name, nullptr}, {to.directory, to.name, node}});
  from.directory->entries.erase(from.name);
  to.directory->entries[to.name] = node;
}

void MemoryTree::sync_directory(const NodePointer& directory) {
  std::vector<Change> still_pending;
  for (Change& change : pending_) {
    const bool touched = std::any_of(change.begin(), change.end(), [&](const EntryChange& entry) {
      return entry.directory == directory;
    });
    if (touched) {
      make_durable(change);
    } else {
      still_pending.push_back(std::move(change));
    }
  }
  pending_ = std::move(still_pending);
}

void MemoryTree::let_changes_survive(Random& random) {
  std::set<std::pair<Node*, std::string>> lost_names;
  std::set<Node*> lost_nodes;
  for (const Change& change : pending_) {
    bool lost = random.one_in(2);
    for (const EntryChange& entry : change) {
      lost = lost || lost_names.contains({entry.directory.get(), entry.name}) ||
             (entry.node != nullptr && lost_nodes.contains(entry.node.get()));
    }
    if (!lost) {
      make_durable(change);
      continue;
    }
    for (const EntryChange& entry : change) {
      lost_names.insert({entry.directory.get(), entry.name});
      if (entry.node != nullptr) lost_nodes.insert(entry.node.get());
    }
  }
}

void MemoryTree::cut_power(const PowerCut& cut) {
  Random random(cut.seed);
  if (cut.keeps_some) let_changes_survive(random);
  pending_.clear();
  std::set<Node*> seen;
  const std::function<void(Node&)> restore = [&](Node& node) {
    if (!seen.insert(&node).second) return;
    if (!node.is_directory) {
      if (node.pending.empty()) return;
      const std::string synced = undone(node);
      node.data = cut.keeps_some ? partly_written(node, synced, random) : synced;
      node.pending.clear();
      return;
    }
    node.entries = node.durable_entries;
    for (const auto& [name, child] : node.entries) restore(*child);
  };
  restore(*root_);
}

uint64_t MemoryTree::used_bytes() const {
  uint64_t sum = 0;
  std::set<const Node*> seen;
  const std::function<void(const Node&)> add = [&](const Node& node) {
    if (!seen.insert(&node).second) return;
    sum += node.data.size();
    for (const auto& [name, child] : node.entries) add(*child);
  };
  add(*root_);
  return sum;
}

}  // namespace kvhost::engine::testing
