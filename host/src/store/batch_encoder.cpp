#include "store/batch_encoder.hpp"

#include <optional>
#include <utility>

#include "kvhost/detail/boundary.hpp"

namespace kvhost::host {
namespace {

using detail::to_view;
using engine::Expiry;

// Larger ones are not kept for the next write.
constexpr std::size_t kMaxSpareBytes = 256 << 10;

std::optional<engine::WriteBatch>& spare() {
  thread_local std::optional<engine::WriteBatch> batch;
  return batch;
}

Expiry expiry_of(const kvh_op& op) {
  if ((op.flags & KVH_OP_KEEP_TTL) != 0) return Expiry::keep_old();
  if (op.ttl_ms != 0) return Expiry::after_ms(op.ttl_ms);
  if (op.expires_at_ms != 0) return Expiry::at_ms(op.expires_at_ms);
  return Expiry::never();
}

void encode_op(uint32_t call_space, const kvh_op& op, engine::WriteBatch& batch) {
  const uint32_t space = space_of(op.flags, call_space);
  const uint8_t flags = (op.flags & KVH_OP_WANT_EXISTED) != 0 ? engine::kWantExisted : 0;
  switch (op.type) {
    case KVH_OP_PUT:
      batch.put(space, to_view(op.key), to_view(op.value), expiry_of(op), flags);
      break;
    case KVH_OP_DELETE:
      batch.erase(space, to_view(op.key), flags);
      break;
    case KVH_OP_DELETE_RANGE:
      batch.erase_range(
          space, to_view(op.key),
          (op.flags & KVH_OP_TO_END) != 0 ? std::nullopt : std::optional(to_view(op.value)));
      break;
    default:
      batch.increment(space, to_view(op.key), op.by);
  }
}

void encode_condition(uint32_t call_space, const kvh_condition& condition,
                      engine::WriteBatch& batch) {
  const uint32_t space = space_of(condition.type, call_space);
  switch (condition_kind(condition)) {
    case KVH_IF_ABSENT:
      batch.require_absent(space, to_view(condition.key));
      break;
    case KVH_IF_PRESENT:
      batch.require_present(space, to_view(condition.key));
      break;
    case KVH_IF_VERSION:
      batch.require_version(space, to_view(condition.key), condition.version);
      break;
    default:
      batch.require_value(space, to_view(condition.key), to_view(condition.value));
  }
}

}  // namespace

void encode_write(uint32_t space, const WriteInput& input, engine::WriteBatch& batch) {
  for (uint64_t i = 0; i < input.condition_count; ++i) {
    encode_condition(space, input.condition(i), batch);
  }
  for (uint64_t i = 0; i < input.op_count; ++i) encode_op(space, input.op(i), batch);
}

RequestKind kind_of(const WriteInput& input) {
  if (input.op_count != 1) return RequestKind::kBatch;
  switch (input.op(0).type) {
    case KVH_OP_PUT:
      return RequestKind::kPut;
    case KVH_OP_DELETE:
      return RequestKind::kDelete;
    case KVH_OP_DELETE_RANGE:
      return RequestKind::kDeleteRange;
    default:
      return RequestKind::kIncrement;
  }
}

void count_operations(const WriteInput& input, StoreCounters& counters) {
  uint64_t counts[KVH_OP_INCREMENT + 1] = {};
  for (uint64_t i = 0; i < input.op_count; ++i) ++counts[input.op(i).type];
  const auto tell = [&](uint32_t type, OperationKind kind) {
    if (counts[type] != 0) counters.operations(kind, counts[type]);
  };
  tell(KVH_OP_PUT, OperationKind::kPut);
  tell(KVH_OP_DELETE, OperationKind::kDelete);
  tell(KVH_OP_DELETE_RANGE, OperationKind::kDeleteRange);
  tell(KVH_OP_INCREMENT, OperationKind::kIncrement);
}

bool has_own_answers(const WriteInput& input) {
  for (uint64_t i = 0; i < input.op_count; ++i) {
    const kvh_op& op = input.op(i);
    if (op.type == KVH_OP_INCREMENT || (op.flags & KVH_OP_WANT_EXISTED) != 0) return true;
  }
  return false;
}

BatchLease::BatchLease() {
  if (spare()) {
    batch_ = std::move(*spare());
    spare().reset();
    batch_.clear();
  }
}

BatchLease::~BatchLease() {
  if (batch_.bytes().size() <= kMaxSpareBytes) spare() = std::move(batch_);
}

}  // namespace kvhost::host
