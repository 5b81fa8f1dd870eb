#include "kvhost/detail/boundary.hpp"
#include "wire/request.hpp"
#include "wire/request_fields.hpp"

namespace kvhost::tcp {

namespace {

void write_context(ByteWriter& writer, const RequestContext& context) {
  const std::size_t mask_position = writer.position();
  uint8_t mask = 0;
  writer.u8(0);
  if (context.deadline_ms != 0) {
    mask |= kContextDeadline;
    writer.u32(context.deadline_ms);
  }
  if (context.space != 0) {
    mask |= kContextSpace;
    writer.u32(context.space);
  }
  if (context.read_level != 0) {
    mask |= kContextReadLevel;
    writer.u8(context.read_level);
  }
  if (context.snapshot != 0) {
    mask |= kContextSnapshot;
    writer.u64(context.snapshot);
  }
  if (!context.idempotency_id.empty()) {
    mask |= kContextIdempotencyId;
    writer.counted8(context.idempotency_id);
  }
  if (!context.trace.empty()) {
    mask |= kContextTrace;
    writer.counted8(context.trace);
  }
  writer.overwrite_u8(mask_position, mask);
}

void write_range(ByteWriter& writer, const RangeMessage& range) {
  writer.u8(range.flags);
  writer.counted32(range.start);
  if ((range.flags & KVH_RANGE_TO_END) == 0) writer.counted32(range.end);
}

void write_op(ByteWriter& writer, const kvh_op& op) {
  uint8_t flags = static_cast<uint8_t>(op.flags & kOpStoreFlags);
  if (op.type == KVH_OP_PUT && op.ttl_ms != 0) flags |= kOpHasTtl;
  if (op.type == KVH_OP_PUT && op.expires_at_ms != 0) flags |= kOpHasExpiry;
  writer.u8(static_cast<uint8_t>(op.type));
  writer.u8(flags);
  writer.counted32(detail::to_view(op.key));
  if (op.type == KVH_OP_PUT) {
    if ((flags & kOpHasTtl) != 0) writer.u64(op.ttl_ms);
    if ((flags & kOpHasExpiry) != 0) writer.u64(op.expires_at_ms);
    writer.counted32(detail::to_view(op.value));
  } else if (op.type == KVH_OP_DELETE_RANGE) {
    if ((flags & KVH_OP_TO_END) == 0) writer.counted32(detail::to_view(op.value));
  } else if (op.type == KVH_OP_INCREMENT) {
    writer.i64(op.by);
  }
}

}  // namespace

FrameWriter RequestEncoder::begin(Opcode opcode, uint64_t id, const RequestContext& context) {
  const bool plain = context.is_default();
  FrameWriter writer(buffer_, static_cast<uint16_t>(opcode), plain ? 0 : kHasContext, id);
  if (!plain) write_context(writer, context);
  return writer;
}

void RequestEncoder::handle_only(Opcode opcode, uint64_t id, uint64_t handle) {
  auto writer = begin(opcode, id, {});
  writer.u64(handle);
  writer.finish();
}

void RequestEncoder::ping(uint64_t id, std::string_view payload) {
  auto writer = begin(Opcode::kPing, id, {});
  writer.raw(payload);
  writer.finish();
}

void RequestEncoder::authenticate(uint64_t id, std::string_view user, std::string_view secret) {
  auto writer = begin(Opcode::kAuthenticate, id, {});
  writer.counted32(user);
  writer.counted32(secret);
  writer.finish();
}

void RequestEncoder::cancel(uint64_t id, uint64_t target) {
  handle_only(Opcode::kCancel, id, target);
}

void RequestEncoder::read(uint64_t id, const RequestContext& context,
                          std::span<const std::string_view> keys) {
  auto writer = begin(Opcode::kRead, id, context);
  writer.u32(static_cast<uint32_t>(keys.size()));
  for (const auto key : keys) writer.counted32(key);
  writer.finish();
}

void RequestEncoder::write(uint64_t id, const RequestContext& context, std::span<const kvh_op> ops,
                           std::span<const kvh_condition> conditions) {
  auto writer = begin(Opcode::kWrite, id, context);
  writer.u32(static_cast<uint32_t>(ops.size()));
  for (const auto& op : ops) write_op(writer, op);
  writer.u32(static_cast<uint32_t>(conditions.size()));
  for (const auto& condition : conditions) {
    writer.u8(static_cast<uint8_t>(condition.type));
    writer.counted32(detail::to_view(condition.key));
    if (condition.type == KVH_IF_VERSION) writer.u64(condition.version);
    if (condition.type == KVH_IF_VALUE) writer.counted32(detail::to_view(condition.value));
  }
  writer.finish();
}

void RequestEncoder::scan(uint64_t id, const RequestContext& context, const RangeMessage& range,
                          uint32_t max_rows, uint32_t max_bytes) {
  auto writer = begin(Opcode::kScan, id, context);
  write_range(writer, range);
  writer.u32(max_rows);
  writer.u32(max_bytes);
  writer.finish();
}

void RequestEncoder::snapshot_open(uint64_t id, const RequestContext& context) {
  begin(Opcode::kSnapshotOpen, id, context).finish();
}

void RequestEncoder::snapshot_close(uint64_t id, uint64_t snapshot) {
  handle_only(Opcode::kSnapshotClose, id, snapshot);
}

void RequestEncoder::cursor_open(uint64_t id, const RequestContext& context,
                                 const RangeMessage& range) {
  auto writer = begin(Opcode::kCursorOpen, id, context);
  write_range(writer, range);
  writer.finish();
}

void RequestEncoder::cursor_next(uint64_t id, const RequestContext& context, uint64_t cursor,
                                 uint32_t max_rows, uint32_t max_bytes) {
  auto writer = begin(Opcode::kCursorNext, id, context);
  writer.u64(cursor);
  writer.u32(max_rows);
  writer.u32(max_bytes);
  writer.finish();
}

void RequestEncoder::cursor_close(uint64_t id, uint64_t cursor) {
  handle_only(Opcode::kCursorClose, id, cursor);
}

void RequestEncoder::command(uint64_t id, const RequestContext& context, std::string_view name,
                             std::string_view arguments) {
  auto writer = begin(Opcode::kCommand, id, context);
  writer.counted32(name);
  writer.counted32(arguments);
  writer.finish();
}

void RequestEncoder::info(uint64_t id, std::string_view section) {
  auto writer = begin(Opcode::kInfo, id, {});
  writer.counted32(section);
  writer.finish();
}

}  // namespace kvhost::tcp
