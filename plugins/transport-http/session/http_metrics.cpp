#include "session/http_metrics.hpp"

#include <array>
#include <string>

namespace kvhost::http {
namespace {

// A client's own words must not become label values.
std::string_view known_method(std::string_view method) {
  static constexpr std::array<std::string_view, 9> kMethods = {
      "GET", "HEAD", "PUT", "POST", "DELETE", "OPTIONS", "PATCH", "TRACE", "CONNECT"};
  for (const auto known : kMethods) {
    if (known == method) return known;
  }
  return "other";
}

}  // namespace

HttpMetrics::HttpMetrics(const Metrics& metrics)
    : requests_(metrics.counter("kvhost_http_requests_total", "HTTP requests answered.",
                                {"route", "method", "status"})),
      durations_(metrics.histogram("kvhost_http_request_duration_seconds",
                                   "From a request's last byte to its answer.", {"route"})),
      connections_(metrics.gauge("kvhost_http_connections", "Open HTTP connections.").series()),
      refused_(metrics
                   .counter("kvhost_http_connections_refused_total",
                            "HTTP connections refused at the limit.")
                   .series()) {}

void HttpMetrics::count(std::string_view route, std::string_view method, int status,
                        std::chrono::nanoseconds duration) {
  if (route.empty()) route = "unmatched";
  method = known_method(method);
  auto [request, new_request] = request_series_.try_emplace({route, method, status});
  if (new_request) request->second = requests_.series({route, method, std::to_string(status)});
  request->second.add();
  auto [timing, new_timing] = duration_series_.try_emplace(route);
  if (new_timing) timing->second = durations_.series({route});
  timing->second.observe(std::chrono::duration<double>(duration).count());
}

}  // namespace kvhost::http
