#include "wire/frame.hpp"

#include "wire/byte_reader.hpp"

namespace kvhost::tcp {

namespace {
Status bad_header(const std::string& problem) {
  return {StatusCode::PROTOCOL_ERROR, "frame header: " + problem};
}
}  // namespace

Status check_length(std::string_view bytes, uint64_t max_frame_bytes) {
  const uint32_t length = ByteReader(bytes.substr(0, kLengthBytes)).u32("length");
  if (length < kHeaderBytes - kLengthBytes) {
    return bad_header("length says " + std::to_string(length) + ", expected at least " +
                      std::to_string(kHeaderBytes - kLengthBytes));
  }
  if (kLengthBytes + uint64_t{length} > max_frame_bytes) {
    return bad_header("length says " + std::to_string(length) + ", a frame has at most " +
                      std::to_string(max_frame_bytes - kLengthBytes) + " bytes after it");
  }
  return {};
}

Result<FrameHeader> decode_header(std::string_view bytes, uint64_t max_frame_bytes) {
  ByteReader reader(bytes.substr(0, kHeaderBytes));
  FrameHeader header;
  header.length = reader.u32("length");
  header.opcode = reader.u16("opcode");
  header.flags = reader.u8("flags");
  const uint8_t reserved = reader.u8("reserved");
  header.request_id = reader.u64("request id");
  KVHOST_TRY(reader.finish("frame header"));
  KVHOST_TRY(check_length(bytes, max_frame_bytes));
  if (reserved != 0) {
    return bad_header("the reserved byte is " + std::to_string(reserved) + ", expected 0");
  }
  return header;
}

FrameWriter::FrameWriter(std::string& buffer, uint16_t opcode, uint8_t flags, uint64_t request_id)
    : ByteWriter(buffer), start_(buffer.size()) {
  u32(0);
  u16(opcode);
  u8(flags);
  u8(0);
  u64(request_id);
}

}  // namespace kvhost::tcp
