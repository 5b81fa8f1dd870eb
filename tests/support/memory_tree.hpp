// The tree of files and directories under CrashFileSystem: what a running machine sees, and apart
// from it what its disk would hold after a power cut.
//
// Threads:   none of its own: the owner holds a mutex.
// Model:     a directory's changes and a file's writes are pending until synced. A power cut
// decides
//            for each whether it had reached the disk; changes of one name or one file keep their
//            order, everything else is free.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.hpp"

namespace kvhost::engine::testing {

struct Node;
using NodePointer = std::shared_ptr<Node>;
using Entries = std::map<std::string, NodePointer>;

// What a write replaced, so that it can be undone.
struct PendingWrite {
  uint64_t offset = 0;
  std::string before;  // the bytes that were overwritten or cut off
  std::string after;
  uint64_t size_before = 0;
  bool is_truncate = false;
};

struct Node {
  bool is_directory = false;
  // Of a directory.
  Entries entries;
  Entries durable_entries;
  // Of a file.
  std::string data;
  std::vector<PendingWrite> pending;

  void write(uint64_t offset, std::string_view bytes);
  void truncate(uint64_t size);
  void sync() { pending.clear(); }
};

// How much of what was not synced a power cut leaves.
struct PowerCut {
  bool keeps_some = false;
  uint64_t seed = 0;
};

class MemoryTree {
 public:
  MemoryTree();

  struct Place {
    NodePointer directory;
    std::string name;
  };
  // The directory that holds the last part of `path`; a null directory when there is none.
  Place locate(const std::string& path) const;
  // Null when there is none.
  NodePointer find(const std::string& path) const;

  // Puts `node` (or nothing) under a name, pending until its directory is synced.
  void set_entry(const Place& place, NodePointer node);
  // Two entries in one step.
  void move_entry(const Place& from, const Place& to);
  void sync_directory(const NodePointer& directory);

  void cut_power(const PowerCut& cut);
  uint64_t used_bytes() const;

 private:
  struct EntryChange {
    NodePointer directory;
    std::string name;
    NodePointer node;
  };
  // Reaches the disk as a whole or not at all.
  using Change = std::vector<EntryChange>;

  void let_changes_survive(Random& random);

  NodePointer root_;
  std::vector<Change> pending_;
};

}  // namespace kvhost::engine::testing
