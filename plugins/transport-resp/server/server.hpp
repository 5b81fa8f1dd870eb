// What all connections share: the store, limits that CONFIG can change, counters, and the places
// where connections meet.
//
// Threads:   any.
// Lifetime:  outlives every session.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "kvhost/context.hpp"
#include "kvhost/store.hpp"
#include "server/client.hpp"
#include "server/key_queue.hpp"
#include "server/monitor_hub.hpp"
#include "server/remembered_settings.hpp"
#include "server/resp_metrics.hpp"
#include "server/resp_options.hpp"
#include "server/scan_cursors.hpp"
#include "server/slow_log.hpp"

namespace kvhost::resp {

// The Redis whose behaviour the commands follow, as clients ask for it.
inline constexpr std::string_view kRedisVersion = "7.2.4";

// What CONFIG SET may change.
struct LiveSettings {
  std::atomic<uint64_t> max_clients{10'000};
  std::atomic<uint64_t> output_limit{0};
  std::atomic<uint64_t> input_limit{0};
  std::atomic<uint64_t> idle_timeout_ns{0};
  std::atomic<int64_t> slowlog_us{10'000};
  std::atomic<uint64_t> slowlog_length{128};
  std::atomic<uint64_t> max_bulk_bytes{0};
};

struct ServerCounters {
  std::atomic<uint64_t> connections{0};
  std::atomic<uint64_t> refused_connections{0};
  std::atomic<uint64_t> commands{0};
  std::atomic<uint64_t> errors{0};
  std::atomic<uint64_t> input_bytes{0};
  std::atomic<uint64_t> output_bytes{0};
  std::atomic<uint64_t> hits{0};
  std::atomic<uint64_t> misses{0};
  std::atomic<uint64_t> retries{0};
  std::atomic<uint64_t> output_limit_closes{0};
  std::atomic<uint64_t> blocked_clients{0};
};

class Server {
 public:
  Server(const Context& context, const kvh_store& table, const RespOptions& options);
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  void apply(const RespOptions& options);
  uint64_t max_request_bytes() const { return node.max_batch_bytes + (uint64_t{1} << 20); }

  const kvh_store& store;
  const NodeInfo node;
  const Log log;
  const uint64_t started_ns = steady_ns();
  const uint64_t started_unix_s = unix_ms() / 1000;
  const std::string run_id;
  const bool has_debug;

  LiveSettings settings;
  RememberedSettings remembered;
  ServerCounters counters;
  RespMetrics metrics;
  std::vector<std::atomic<uint64_t>> calls;  // by Command::index
  ClientRegistry clients;
  MonitorHub monitors;
  KeyQueue keys;
  ScanCursors cursors;
  SlowLog slow_log;
  std::atomic<uint64_t> buffered_input{0};
  std::atomic<uint16_t> port{0};
  // What SHUTDOWN does.
  std::function<void()> shut_down;
};

}  // namespace kvhost::resp
