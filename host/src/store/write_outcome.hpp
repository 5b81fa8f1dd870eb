// What a write came to, whoever ordered it.
//
// Threads:   a value.
#pragma once

#include <cstdint>
#include <vector>

#include "kvhost/abi/store.h"
#include "kvhost/engine/engine.hpp"
#include "kvhost/status.hpp"

namespace kvhost::host {

struct WriteOutcome {
  Status status;
  uint64_t version = 0;
  uint64_t index = 0;
  uint64_t now_ms = 0;
  std::vector<kvh_op_result> items;
  std::vector<kvh_failed_condition> failed;

  static WriteOutcome of(const Status& failure) { return {failure, 0, 0, 0, {}, {}}; }
  static WriteOutcome of(const engine::WriteResult& result);
  static WriteOutcome of(Status status, const kvh_result* result);
  // Borrows this.
  kvh_result to_abi() const;
  // Fills the sink, if this is an outcome that has one.
  void tell(kvh_result_sink sink) const;
};

}  // namespace kvhost::host
