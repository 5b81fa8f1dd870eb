#include "store/write_outcome.hpp"

#include <utility>

#include "kvhost/detail/boundary.hpp"

namespace kvhost::host {

WriteOutcome WriteOutcome::of(const engine::WriteResult& result) {
  WriteOutcome outcome;
  outcome.status = result.outcome;
  outcome.version = result.version;
  outcome.now_ms = result.now_ms;
  outcome.items.reserve(result.ops.size());
  for (const auto& op : result.ops) {
    outcome.items.push_back({op.existed ? 1u : 0u, 0, op.number, op.version});
  }
  for (const auto& condition : result.failed) {
    outcome.failed.push_back({condition.index, condition.current_version});
  }
  return outcome;
}

WriteOutcome WriteOutcome::of(Status status, const kvh_result* result) {
  WriteOutcome outcome;
  outcome.status = std::move(status);
  if (result == nullptr) return outcome;
  outcome.version = result->version;
  outcome.index = result->index;
  outcome.now_ms = result->now_ms;
  for (uint64_t i = 0; i < result->item_count; ++i) {
    outcome.items.push_back(detail::strided(result->items, result->item_stride, i));
  }
  for (uint64_t i = 0; i < result->failed_count; ++i) {
    outcome.failed.push_back(detail::strided(result->failed, result->failed_stride, i));
  }
  return outcome;
}

kvh_result WriteOutcome::to_abi() const {
  return {sizeof(kvh_result),
          0,
          version,
          index,
          now_ms,
          items.data(),
          items.size(),
          sizeof(kvh_op_result),
          failed.data(),
          failed.size(),
          sizeof(kvh_failed_condition)};
}

void WriteOutcome::tell(kvh_result_sink sink) const {
  if (!status.is_ok() && status.code() != StatusCode::CONDITION_FAILED) return;
  const kvh_result result = to_abi();
  sink.fn(sink.ctx, &result);
}

}  // namespace kvhost::host
