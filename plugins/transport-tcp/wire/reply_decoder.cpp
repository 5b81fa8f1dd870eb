#include "wire/byte_reader.hpp"
#include "wire/reply.hpp"
#include "wire/reply_fields.hpp"

namespace kvhost::tcp {

namespace {

EntryView read_row(ByteReader& reader, bool with_keys) {
  EntryView row;
  const uint8_t flags = reader.u8("row flags");
  if ((flags & ~(kRowFound | kRowExpires)) != 0) reader.refuse("row flags", "has unknown bits");
  if (with_keys) row.key = reader.counted32("row key");
  row.found = (flags & kRowFound) != 0;
  if (!row.found) return row;
  row.version = reader.u64("row version");
  if ((flags & kRowExpires) != 0) {
    row.expires_at_ms = reader.u64("row expires at");
    row.ttl_ms = reader.u64("row ttl");
  }
  row.value = reader.counted32("row value");
  return row;
}

}  // namespace

Result<RowsReply> decode_rows_reply(const Frame& frame) {
  ByteReader reader(frame.payload);
  RowsReply reply;
  reply.more = reader.u8("more") != 0;
  const uint32_t count = reader.count("row count", kMinRowBytes);
  const bool with_keys = frame.opcode != (static_cast<uint16_t>(Opcode::kRead) | kReplyBit);
  for (uint32_t i = 0; i < count && !reader.failed(); ++i) {
    reply.rows.push_back(read_row(reader, with_keys));
  }
  KVHOST_TRY(reader.finish("rows reply"));
  return reply;
}

Result<WriteReply> decode_write_reply(const Frame& frame) {
  ByteReader reader(frame.payload);
  WriteReply reply;
  reply.version = reader.u64("version");
  reply.now_ms = reader.u64("now");
  const uint32_t count = reader.count("item count", kItemBytes);
  reply.items.reserve(count);
  for (uint32_t i = 0; i < count && !reader.failed(); ++i) {
    kvh_op_result item{};
    item.existed = reader.u8("existed");
    item.number = reader.i64("number");
    item.version = reader.u64("item version");
    reply.items.push_back(item);
  }
  KVHOST_TRY(reader.finish("write reply"));
  return reply;
}

Result<uint64_t> decode_handle_reply(const Frame& frame) {
  ByteReader reader(frame.payload);
  const uint64_t handle = reader.u64("handle");
  KVHOST_TRY(reader.finish("handle reply"));
  return handle;
}

ErrorReply decode_error(const Frame& frame) {
  ByteReader reader(frame.payload);
  const uint16_t code = reader.u16("status");
  const std::string_view message = reader.counted16("message");
  ErrorReply reply;
  reply.write.version = reader.u64("version");
  const uint32_t count = reader.count("failed count", kFailedBytes);
  for (uint32_t i = 0; i < count && !reader.failed(); ++i) {
    kvh_failed_condition failed{};
    failed.index = reader.u32("failed index");
    failed.current_version = reader.u64("failed version");
    reply.write.failed.push_back(failed);
  }
  const Status whole = reader.finish("error reply");
  if (!whole.is_ok()) {
    reply.status = whole;
  } else if (code == 0 || code >= kStatusTable.size()) {
    // A newer server may know more codes.
    reply.status = Status(StatusCode::INTERNAL,
                          "status " + std::to_string(code) + ": " + std::string(message));
  } else {
    reply.status = Status(static_cast<StatusCode>(code), std::string(message));
  }
  return reply;
}

}  // namespace kvhost::tcp
