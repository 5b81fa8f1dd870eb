// Counts requests: by operation and status, how long they took, and how many operations they held.
//
// Threads:   any. Counting is lock-free and spread over shards, so that threads do not share lines.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "kvhost/abi/status.h"
#include "kvhost/engine/statistics.hpp"
#include "kvhost/status.hpp"

namespace kvhost::host {

enum class RequestKind : uint8_t {
  kGet,
  kMultiGet,
  kPut,
  kDelete,
  kDeleteRange,
  kIncrement,
  kBatch,
  kScan,
  kSnapshot,
  kCommand,
};
inline constexpr std::size_t kRequestKinds = 10;
std::string_view request_kind_name(RequestKind kind);

// Single operations, also those inside batches and multi-gets.
enum class OperationKind : uint8_t { kGet, kPut, kDelete, kDeleteRange, kIncrement, kScan };
inline constexpr std::size_t kOperationKinds = 6;
std::string_view operation_kind_name(OperationKind kind);

inline constexpr std::size_t kStatusCodes = kStatusTable.size();

class StoreCounters {
 public:
  // A request of `kind` ended with `status` (KVH_…) after `duration_ns`.
  void request_done(RequestKind kind, int32_t status, uint64_t duration_ns);
  void operations(OperationKind kind, uint64_t count);

  uint64_t requests(RequestKind kind, std::size_t status) const;
  uint64_t operations(OperationKind kind) const;
  engine::DurationHistogram durations(RequestKind kind) const;

  // As of now; written by the facade.
  std::atomic<uint64_t> sessions{0};
  std::atomic<uint64_t> snapshots{0};
  std::atomic<uint64_t> cursors{0};
  std::atomic<uint64_t> in_flight_write_bytes{0};
  std::atomic<uint64_t> duplicate_requests{0};

 private:
  using Counter = std::atomic<uint64_t>;
  static constexpr std::size_t kShards = 8;
  struct alignas(64) Shard {
    std::array<std::array<Counter, kStatusCodes>, kRequestKinds> requests{};
    std::array<std::array<Counter, engine::DurationHistogram::kBuckets>, kRequestKinds> buckets{};
    std::array<Counter, kRequestKinds> sum_ns{};
    std::array<Counter, kOperationKinds> operations{};
  };
  Shard& mine();

  std::array<Shard, kShards> shards_{};
};

}  // namespace kvhost::host
