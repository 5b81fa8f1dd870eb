// Settings of one engine: values only. What it works with (disk, clock, words) is Environment.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "kvhost/compaction.hpp"
#include "kvhost/engine/clock.hpp"
#include "kvhost/engine/file_system.hpp"
#include "kvhost/engine/logger.hpp"

namespace kvhost::engine {

enum class WalSync : uint8_t {
  kAlways,    // acknowledged = durable: the group's fdatasync has returned
  kInterval,  // acknowledged = in the kernel; durable at most wal_sync_interval later
  kNever,     // acknowledged = in the kernel; durable when the kernel likes
  kOff,       // no log at all: whoever calls apply() keeps one
};

struct Options {
  // One budget for memtables, block cache, filters and fences, bytes.
  uint64_t memory = uint64_t{1} << 30;
  uint64_t memtable_size = uint64_t{64} << 20;
  // Memtables waiting for their flush before writes are slowed, then held back.
  uint32_t max_immutable_memtables = 3;

  WalSync wal_sync = WalSync::kAlways;
  std::chrono::milliseconds wal_sync_interval{10};
  uint64_t wal_segment_size = uint64_t{64} << 20;

  // Of the sdk: the tables name codecs by a type of their own.
  ::kvhost::Codec compression = ::kvhost::Codec::kLz4;
  uint32_t block_size = 4096;
  uint32_t bits_per_key = 10;
  uint64_t target_file_size = uint64_t{64} << 20;

  uint64_t max_key_size = uint64_t{64} << 10;
  uint64_t max_value_size = uint64_t{64} << 20;
  uint64_t max_batch_size = uint64_t{256} << 20;

  uint32_t compaction_workers = 1;
  // The longest that a policy may think before its answer is ignored.
  std::chrono::milliseconds plan_timeout{5000};
  // Compaction debt at which writes begin to slow, and at which they are slowest, bytes.
  uint64_t slowdown_debt = uint64_t{8} << 30;
  uint64_t stall_debt = uint64_t{64} << 30;
  // The owner of the data allows policies to drop live data (FIFO by size).
  bool allow_lossy_drop = false;
};

// References and components. The pointed-to objects outlive the engine.
struct Environment {
  FileSystem* file_system = nullptr;  // null: posix_file_system()
  Clock* clock = nullptr;             // null: system_clock()
  Logger* logger = nullptr;           // null: null_logger()
  // Decides on compactions; null: the built-in leveled decision of kvhost/policy/leveled.hpp.
  std::shared_ptr<CompactionPolicy> policy;
  std::string policy_name = "built-in";
};

}  // namespace kvhost::engine
