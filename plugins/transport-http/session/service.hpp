// What every session of one event loop shares.
//
// Threads:   the loop's, but for `store` and `bodies`, which any may use.
// Lifetime:  outlives the sessions.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <random>
#include <string>

#include "kvhost/context.hpp"
#include "kvhost/store.hpp"
#include "message/body_budget.hpp"
#include "message/request_reader.hpp"
#include "session/http_metrics.hpp"
#include "session/loop.hpp"
#include "text/http_date.hpp"

namespace kvhost::http {

struct Limits {
  std::size_t max_pipelined = 32;
  std::chrono::nanoseconds header_timeout{std::chrono::seconds(10)};
  std::chrono::nanoseconds body_timeout{std::chrono::seconds(30)};
  std::chrono::nanoseconds idle_timeout{std::chrono::seconds(60)};
  std::chrono::nanoseconds write_timeout{std::chrono::seconds(30)};
  uint64_t max_key_bytes = 0;
  uint64_t max_value_bytes = 0;
  uint64_t max_batch_bytes = 0;

  static Limits of(const NodeInfo& node) {
    Limits limits;
    limits.max_key_bytes = node.max_key_bytes;
    limits.max_value_bytes = node.max_value_bytes;
    limits.max_batch_bytes = node.max_batch_bytes;
    return limits;
  }
  // Every byte of a key may be sent as %XX, with a query behind it.
  ReadLimits read() const { return {3 * max_key_bytes + kQueryRoom, kMaxHeaders}; }
  // Every byte of a value may be sent as \u00XX.
  uint64_t put_body() const { return 6 * (max_key_bytes + max_value_bytes) + kJsonRoom; }
  uint64_t raw_body() const { return max_value_bytes; }
  uint64_t batch_body() const {
    return std::max(put_body(), 4 * (max_batch_bytes / 3 + 1) + kJsonRoom);
  }
  static constexpr uint64_t small_body() { return uint64_t{1} << 20; }

 private:
  static constexpr std::size_t kQueryRoom = 8 << 10;
  static constexpr std::size_t kMaxHeaders = 32 << 10;
  static constexpr uint64_t kJsonRoom = 64 << 10;
};

class Service {
 public:
  Service(Store store, Loop& loop, Limits limits, BodyBudget& bodies, const Metrics& metrics)
      : store(store), loop(loop), limits(limits), bodies(bodies), metrics(metrics) {}

  const Store store;
  Loop& loop;
  const Limits limits;
  BodyBudget& bodies;
  HttpMetrics metrics;

  // A fresh X-Request-Id.
  std::string make_request_id() {
    static constexpr std::string_view kHex = "0123456789abcdef";
    std::string id;
    for (uint64_t bits = random_(); id.size() < 16; bits >>= 4) id.push_back(kHex[bits & 15]);
    return id;
  }
  uint64_t make_token() { return ++last_token_; }
  // For the header Date.
  std::string_view date() { return date_.at(loop.wall_seconds()); }

 private:
  std::mt19937_64 random_{std::random_device{}()};
  uint64_t last_token_ = 0;
  HttpDate date_;
};

}  // namespace kvhost::http
