// What this transport measures: requests by route, method and status, their latency, connections.
//
// Threads:   one per object: each event loop has its own, over the same families of the host.
#pragma once

#include <chrono>
#include <map>
#include <string_view>
#include <tuple>

#include "kvhost/context.hpp"

namespace kvhost::http {

class HttpMetrics {
 public:
  explicit HttpMetrics(const Metrics& metrics);

  // `route` is a pattern of the route table, "" for requests that none matched.
  void count(std::string_view route, std::string_view method, int status,
             std::chrono::nanoseconds duration);
  void connection_opened() { connections_.add(1); }
  void connection_closed() { connections_.add(-1); }
  void connection_refused() { refused_.add(1); }

 private:
  using RequestKey = std::tuple<std::string_view, std::string_view, int>;

  Family requests_;
  Family durations_;
  Series connections_;
  Series refused_;
  std::map<RequestKey, Series> request_series_;
  std::map<std::string_view, Series> duration_series_;
};

}  // namespace kvhost::http
