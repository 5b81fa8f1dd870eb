#include "client_impl.hpp"

#include "kvhost/detail/boundary.hpp"

namespace kvhost::client {

Status Client::Impl::check(const CallOptions& options) {
  const auto wrong = [](const std::string& why) {
    return Status(StatusCode::INVALID_ARGUMENT, why);
  };
  if (options.timeout && options.timeout->count() <= 0) return wrong("timeout: must be above 0");
  if (options.request_id.size() > tcp::kMaxRequestIdBytes) {
    return wrong("request_id: has " + std::to_string(options.request_id.size()) +
                 " bytes, at most 128 are allowed");
  }
  if (options.trace.size() > tcp::kMaxTraceBytes) {
    return wrong("trace: has " + std::to_string(options.trace.size()) +
                 " bytes, at most 255 are allowed");
  }
  return {};
}

tcp::RequestContext Client::Impl::context(const CallOptions& options, TimePoint deadline) {
  const auto left =
      std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
  tcp::RequestContext context;
  context.deadline_ms = static_cast<uint32_t>(
      std::clamp<int64_t>(left.count(), 1, std::numeric_limits<uint32_t>::max()));
  context.space = options.space;
  context.read_level = static_cast<uint8_t>(options.read_level);
  context.snapshot = options.snapshot;
  context.idempotency_id = options.request_id;
  context.trace = options.trace;
  return context;
}

Client::Impl::RawBatch Client::Impl::raw(const WriteBatch& batch) {
  RawBatch raw;
  raw.ops.reserve(batch.ops_.size());
  for (const auto& op : batch.ops_) {
    raw.ops.push_back({op.type, op.flags, detail::to_bytes(op.key), detail::to_bytes(op.value),
                       op.ttl_ms, 0, op.by});
  }
  for (const auto& condition : batch.conditions_) {
    raw.conditions.push_back({condition.type, 0, detail::to_bytes(condition.key), condition.version,
                              detail::to_bytes(condition.value)});
  }
  return raw;
}

}  // namespace kvhost::client
