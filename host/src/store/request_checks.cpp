#include "store/request_checks.hpp"

#include <string>

#include "kvhost/detail/boundary.hpp"

namespace kvhost::host {
namespace {

// About a thousand years: longer ttls are mistakes of unit.
constexpr uint64_t kMaxTtlMs = uint64_t{1'000} * 366 * 24 * 3600 * 1000;

Status invalid(std::string text) { return {StatusCode::INVALID_ARGUMENT, std::move(text)}; }

Status too_large(const std::string& what, uint64_t found, uint64_t limit, const char* setting) {
  return {StatusCode::TOO_LARGE, what + " of " + std::to_string(found) + " bytes; the limit is " +
                                     std::to_string(limit) + " bytes (" + setting + ")"};
}

Status check_value(const StoreSettings& settings, kvh_bytes value) {
  if (value.size > settings.max_value_bytes) {
    return too_large("value", value.size, settings.max_value_bytes, "[engine] max_value_size");
  }
  if (value.size != 0 && value.data == nullptr) return invalid("value: a length without bytes");
  return {};
}

Status check_put(const StoreSettings& settings, const kvh_op& op) {
  KVHOST_TRY(check_value(settings, op.value));
  const bool keeps = (op.flags & KVH_OP_KEEP_TTL) != 0;
  if ((op.ttl_ms != 0) + (op.expires_at_ms != 0) + keeps > 1) {
    return invalid(
        "put: give a ttl, a time of expiry or the flag that keeps the old ttl, not two of them");
  }
  if (op.ttl_ms > kMaxTtlMs) {
    return invalid("put: a ttl of " + std::to_string(op.ttl_ms) + " ms; the limit is " +
                   std::to_string(kMaxTtlMs) + " ms (a thousand years)");
  }
  return {};
}

Status check_space(uint32_t space) {
  if (space < kClientSpaces) return {};
  return invalid("space " + std::to_string(space) + " is reserved; use 0 to " +
                 std::to_string(kClientSpaces - 1));
}

Status check_op(const StoreSettings& settings, const kvh_op& op) {
  KVHOST_TRY(check_space(space_of(op.flags, 0)));
  KVHOST_TRY(check_key(settings, op.key));
  switch (op.type) {
    case KVH_OP_PUT:
      return check_put(settings, op);
    case KVH_OP_DELETE:
    case KVH_OP_INCREMENT:
      return {};
    case KVH_OP_DELETE_RANGE:
      return (op.flags & KVH_OP_TO_END) != 0 ? Status() : check_key(settings, op.value);
    default:
      return invalid("unknown operation type " + std::to_string(op.type));
  }
}

Status check_condition(const StoreSettings& settings, const kvh_condition& condition) {
  KVHOST_TRY(check_space(space_of(condition.type, 0)));
  KVHOST_TRY(check_key(settings, condition.key));
  switch (condition_kind(condition)) {
    case KVH_IF_ABSENT:
    case KVH_IF_PRESENT:
    case KVH_IF_VERSION:
      return {};
    case KVH_IF_VALUE:
      return check_value(settings, condition.value);
    default:
      return invalid("unknown condition type " + std::to_string(condition.type));
  }
}

Status check_counts(const StoreSettings& settings, const WriteInput& input) {
  if (input.op_count > settings.max_batch_ops || input.condition_count > settings.max_batch_ops) {
    return {StatusCode::TOO_LARGE, "a batch of " + std::to_string(input.op_count) +
                                       " operations and " + std::to_string(input.condition_count) +
                                       " conditions; the limit is " +
                                       std::to_string(settings.max_batch_ops) + " of each"};
  }
  if (input.op_count != 0 && (input.ops == nullptr || input.op_stride < sizeof(kvh_op))) {
    return invalid("operations: no array, or a stride below " + std::to_string(sizeof(kvh_op)));
  }
  if (input.condition_count != 0 &&
      (input.conditions == nullptr || input.condition_stride < sizeof(kvh_condition))) {
    return invalid("conditions: no array, or a stride below " +
                   std::to_string(sizeof(kvh_condition)));
  }
  return {};
}

}  // namespace

Status check_call(const kvh_call* call) {
  if (call == nullptr || !KVH_COVERS(call, kvh_call, trace)) {
    return invalid("the kvh_call is missing or smaller than " + std::to_string(sizeof(kvh_call)) +
                   " bytes");
  }
  KVHOST_TRY(check_space(call->space));
  if (call->read_level > KVH_READ_LINEARIZABLE) {
    return invalid("unknown read level " + std::to_string(call->read_level));
  }
  if (call->request_id.size > kMaxRequestIdBytes) {
    return invalid("a request id of " + std::to_string(call->request_id.size) + " bytes; at most " +
                   std::to_string(kMaxRequestIdBytes) + " are kept");
  }
  return {};
}

Status check_key(const StoreSettings& settings, kvh_bytes key) {
  if (key.size > settings.max_key_bytes) {
    return too_large("key", key.size, settings.max_key_bytes, "[engine] max_key_size");
  }
  if (key.size != 0 && key.data == nullptr) return invalid("key: a length without bytes");
  return {};
}

Status check_read(const StoreSettings& settings, const kvh_bytes* keys, uint64_t count) {
  if (count > settings.max_read_keys) {
    return {StatusCode::TOO_LARGE, "a read of " + std::to_string(count) + " keys; the limit is " +
                                       std::to_string(settings.max_read_keys) + " keys a read"};
  }
  if (count != 0 && keys == nullptr) return invalid("keys: a count without an array");
  for (uint64_t i = 0; i < count; ++i) KVHOST_TRY(check_key(settings, keys[i]));
  return {};
}

Status check_range(const StoreSettings& settings, const kvh_range* range) {
  if (range == nullptr || !KVH_COVERS(range, kvh_range, end)) {
    return invalid("the kvh_range is missing or smaller than " + std::to_string(sizeof(kvh_range)) +
                   " bytes");
  }
  KVHOST_TRY(check_key(settings, range->start));
  return (range->flags & KVH_RANGE_TO_END) != 0 ? Status() : check_key(settings, range->end);
}

const kvh_op& WriteInput::op(uint64_t index) const {
  return detail::strided(ops, op_stride, index);
}
const kvh_condition& WriteInput::condition(uint64_t index) const {
  return detail::strided(conditions, condition_stride, index);
}

Result<uint64_t> check_write(const StoreSettings& settings, const WriteInput& input) {
  KVHOST_TRY(check_counts(settings, input));
  uint64_t bytes = 0;
  for (uint64_t i = 0; i < input.op_count; ++i) {
    const kvh_op& op = input.op(i);
    KVHOST_TRY(check_op(settings, op));
    bytes += op.key.size + op.value.size;
  }
  for (uint64_t i = 0; i < input.condition_count; ++i) {
    const kvh_condition& condition = input.condition(i);
    KVHOST_TRY(check_condition(settings, condition));
    bytes += condition.key.size + condition.value.size;
  }
  if (bytes > settings.max_batch_bytes) {
    return too_large("batch", bytes, settings.max_batch_bytes, "the node's max_batch_size");
  }
  return bytes;
}

}  // namespace kvhost::host
