#include "tcp_metrics.hpp"

namespace kvhost::tcp {

namespace {
std::string_view op_name(std::size_t op) {
  return op < kRequestOpcodes.size() ? kRequestOpcodes[op].name : "unknown";
}
}  // namespace

TcpMetrics::TcpMetrics(const Metrics& metrics)
    : connections_(metrics.gauge("kvhost_tcp_connections", "Open connections of the TCP transport.")
                       .series()),
      requests_(metrics.counter("kvhost_tcp_requests_total",
                                "Requests answered over TCP, by operation and status.",
                                {"op", "status"})) {
  const Family durations = metrics.histogram(
      "kvhost_tcp_request_duration_seconds",
      "From a request's last byte to its reply being ready, by operation.", {"op"});
  for (std::size_t op = 0; op < kOps; ++op) durations_[op] = durations.series({op_name(op)});
}

const Series& TcpMetrics::series(std::size_t op, std::size_t code) {
  Series& series = by_status_[op][code];
  if (is_made_[op][code].load(std::memory_order_acquire)) return series;
  const std::lock_guard lock(mutex_);
  if (!is_made_[op][code].load(std::memory_order_relaxed)) {
    series = requests_.series({op_name(op), kStatusTable[code].name});
    is_made_[op][code].store(true, std::memory_order_release);
  }
  return series;
}

void TcpMetrics::request_finished(uint16_t opcode, StatusCode code, uint64_t duration_ns) {
  const std::size_t op = request_index(opcode);
  const auto row = static_cast<std::size_t>(status_info(code).code);
  series(op, row).add();
  durations_[op].observe(static_cast<double>(duration_ns) * 1e-9);
}

}  // namespace kvhost::tcp
