// A file system in memory that can lose power. It keeps apart what was written and what was synced,
// bytes and directory entries alike, and so shows which syncs a program forgot. Without a crash it
// is simply a fast file system for tests.
//
// Threads:   any.
// Errors:    NO_SPACE beyond the capacity; IO_ERROR for everything else, and for every call on a
//            dead machine and on every file that was opened before a crash.
#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/mutex.hpp"
#include "kvhost/engine/file_system.hpp"
#include "support/memory_tree.hpp"

namespace kvhost::engine::testing {

class CrashFileSystem final : public FileSystem {
 public:
  CrashFileSystem();
  ~CrashFileSystem() override;

  // The machine dies at the `call`-th call (from 1) that changes or syncs something, counted from
  // now on: it and all later ones fail until crash(). Whether the fatal call still took effect is
  // left open: drawn from `seed`, never with seed 0. 0 calls: no such plan.
  void set_crash_after(uint64_t call, uint64_t seed = 0);
  // True when the plan above has come true.
  bool is_dead() const;
  // Changing and syncing calls so far.
  uint64_t calls() const;

  // Power off and on: what was not synced is gone, or, with keeps_some, partly gone by the seed.
  // Every open file and lock becomes useless. Lifts the plan of set_crash_after().
  void crash(const PowerCut& cut = {});
  // kill -9: every byte stays, every open file and lock becomes useless. Lifts the plan, too.
  void kill_process();

  // Files may not hold more than this together. Free: the rest.
  void set_capacity(uint64_t bytes);

  // Damage: flips the bits of `mask` in the byte at `offset`, on the disk and in memory.
  void flip_bits(const std::string& path, uint64_t offset, uint8_t mask);

  Result<std::unique_ptr<RandomAccessFile>> open_for_reading(const std::string& path) override;
  Result<std::unique_ptr<WritableFile>> create(const std::string& path) override;
  Result<std::unique_ptr<PositionedFile>> create_preallocated(const std::string& path,
                                                              uint64_t size) override;
  Result<std::unique_ptr<PositionedFile>> open_positioned(const std::string& path) override;
  Result<bool> exists(const std::string& path) override;
  Result<uint64_t> file_size(const std::string& path) override;
  Result<std::vector<std::string>> list(const std::string& directory) override;
  Status create_directories(const std::string& path) override;
  Status sync_directory(const std::string& path) override;
  Status rename(const std::string& from, const std::string& to) override;
  Status link(const std::string& from, const std::string& to) override;
  Status remove(const std::string& path) override;
  Status remove_directory(const std::string& path) override;
  Status truncate(const std::string& path, uint64_t size) override;
  Result<std::unique_ptr<FileLock>> lock(const std::string& path) override;
  Result<uint64_t> free_bytes(const std::string& path) override;

 private:
  friend class MemoryFile;
  friend class MemoryLock;

  // What a changing call may still do: nothing, or its work, and what it then answers.
  struct Permit {
    bool takes_effect = true;
    Status answer;
  };
  Permit begin_change(const std::string& path, const char* call) KVHOST_REQUIRES(mutex_);
  Status check_alive(const std::string& path, const char* call) const KVHOST_REQUIRES(mutex_);
  Status check_space(const std::string& path, const char* call, uint64_t growth) const
      KVHOST_REQUIRES(mutex_);
  Result<NodePointer> find_file(const std::string& path, const char* call) const
      KVHOST_REQUIRES(mutex_);
  Result<NodePointer> create_file(const std::string& path, const char* call, uint64_t size)
      KVHOST_REQUIRES(mutex_);
  void restart() KVHOST_REQUIRES(mutex_);

  mutable Mutex mutex_;
  MemoryTree tree_ KVHOST_GUARDED_BY(mutex_);
  std::set<std::string> locks_ KVHOST_GUARDED_BY(mutex_);
  // Files and locks of an earlier life are told by it.
  uint64_t life_ KVHOST_GUARDED_BY(mutex_) = 0;
  uint64_t calls_ KVHOST_GUARDED_BY(mutex_) = 0;
  uint64_t fatal_call_ KVHOST_GUARDED_BY(mutex_) = 0;
  uint64_t fatal_seed_ KVHOST_GUARDED_BY(mutex_) = 0;
  bool dead_ KVHOST_GUARDED_BY(mutex_) = false;
  uint64_t capacity_ KVHOST_GUARDED_BY(mutex_) = UINT64_MAX;
};

}  // namespace kvhost::engine::testing
