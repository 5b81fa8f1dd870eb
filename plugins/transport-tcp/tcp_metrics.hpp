// What the component counts: connections, requests by operation and status, their durations.
//
// Threads:   any; a series is made on its first use, under a lock, and is lock-free from then on.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>

#include "kvhost/context.hpp"
#include "wire/opcodes.hpp"

namespace kvhost::tcp {

class TcpMetrics {
 public:
  explicit TcpMetrics(const Metrics& metrics);
  TcpMetrics(const TcpMetrics&) = delete;
  TcpMetrics& operator=(const TcpMetrics&) = delete;

  void connections_changed(double by) const { connections_.add(by); }
  void request_finished(uint16_t opcode, StatusCode code, uint64_t duration_ns);

 private:
  // One row more, for opcodes that are none.
  static constexpr std::size_t kOps = kRequestOpcodes.size() + 1;
  static constexpr std::size_t kCodes = kStatusTable.size();

  const Series& series(std::size_t op, std::size_t code);

  Series connections_;
  Family requests_;
  std::array<Series, kOps> durations_;
  std::mutex mutex_;
  std::array<std::array<Series, kCodes>, kOps> by_status_;
  std::array<std::array<std::atomic<bool>, kCodes>, kOps> is_made_{};
};

}  // namespace kvhost::tcp
