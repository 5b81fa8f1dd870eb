// What the component counts for the node's metrics.
//
// Threads:   any; calls are lock-free.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "kvhost/context.hpp"

namespace kvhost::resp {

class RespMetrics {
 public:
  explicit RespMetrics(const Metrics& metrics);

  void connections_changed(double by) const { connections_.add(by); }
  // `count` commands of the table's row `index`.
  void commands(std::size_t index, uint64_t count) const {
    commands_[index].add(static_cast<double>(count));
  }
  void error() const { errors_.add(); }
  void duration_ns(uint64_t ns) const { durations_.observe(static_cast<double>(ns) * 1e-9); }

 private:
  Series connections_;
  Series errors_;
  Series durations_;
  std::vector<Series> commands_;
};

}  // namespace kvhost::resp
