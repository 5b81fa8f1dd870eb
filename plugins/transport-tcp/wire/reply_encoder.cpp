#include "kvhost/detail/boundary.hpp"
#include "wire/reply.hpp"
#include "wire/reply_fields.hpp"

namespace kvhost::tcp {

namespace {

uint16_t reply_opcode(Opcode opcode) { return static_cast<uint16_t>(opcode) | kReplyBit; }

void write_error_body(FrameWriter& writer, StatusCode code, std::string_view message,
                      const kvh_result* result) {
  writer.u16(static_cast<uint16_t>(code));
  writer.counted16(message.substr(0, 0xffff));
  const uint64_t failed = result == nullptr ? 0 : result->failed_count;
  writer.u64(result == nullptr ? 0 : result->version);
  writer.u32(static_cast<uint32_t>(failed));
  for (uint64_t i = 0; i < failed; ++i) {
    const auto& row = detail::strided(result->failed, result->failed_stride, i);
    writer.u32(static_cast<uint32_t>(row.index));
    writer.u64(row.current_version);
  }
}

}  // namespace

RowsWriter::RowsWriter(std::string& buffer, Opcode opcode, uint64_t id)
    : writer_(buffer, reply_opcode(opcode), 0, id),
      with_keys_(opcode != Opcode::kRead),
      head_(buffer.size()) {
  writer_.u8(0);
  writer_.u32(0);
}

void RowsWriter::add(const kvh_entry& entry) {
  ++rows_;
  const bool found = entry.lookup == KVH_LOOKUP_FOUND;
  const bool expires = found && entry.expires_at_ms != 0;
  writer_.u8(static_cast<uint8_t>((found ? kRowFound : 0) | (expires ? kRowExpires : 0)));
  if (with_keys_) writer_.counted32(detail::to_view(entry.key));
  if (!found) return;
  writer_.u64(entry.version);
  if (expires) {
    writer_.u64(entry.expires_at_ms);
    writer_.u64(entry.ttl_ms);
  }
  writer_.counted32(detail::to_view(entry.value));
}

void RowsWriter::finish(bool more) {
  writer_.overwrite_u8(head_, more ? 1 : 0);
  writer_.overwrite_u32(head_ + 1, rows_);
  writer_.finish();
}

void encode_write_reply(std::string& buffer, uint64_t id, const kvh_result& result) {
  FrameWriter writer(buffer, reply_opcode(Opcode::kWrite), 0, id);
  writer.u64(result.version);
  writer.u64(result.now_ms);
  writer.u32(static_cast<uint32_t>(result.item_count));
  for (uint64_t i = 0; i < result.item_count; ++i) {
    const auto& item = detail::strided(result.items, result.item_stride, i);
    writer.u8(item.existed != 0 ? 1 : 0);
    writer.i64(item.number);
    writer.u64(item.version);
  }
  writer.finish();
}

void encode_handle_reply(std::string& buffer, Opcode opcode, uint64_t id, uint64_t handle) {
  FrameWriter writer(buffer, reply_opcode(opcode), 0, id);
  writer.u64(handle);
  writer.finish();
}

void encode_text_reply(std::string& buffer, Opcode opcode, uint64_t id, std::string_view text) {
  FrameWriter writer(buffer, reply_opcode(opcode), 0, id);
  writer.raw(text);
  writer.finish();
}

void encode_error_reply(std::string& buffer, uint16_t opcode, uint64_t id, StatusCode code,
                        std::string_view message, const kvh_result* result) {
  FrameWriter writer(buffer, opcode | kReplyBit, kIsError, id);
  write_error_body(writer, code, message, result);
  writer.finish();
}

void encode_notice(std::string& buffer, Opcode opcode, StatusCode code, std::string_view message) {
  encode_error_reply(buffer, static_cast<uint16_t>(opcode), 0, code, message);
}

}  // namespace kvhost::tcp
