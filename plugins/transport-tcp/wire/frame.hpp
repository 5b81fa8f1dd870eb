// One frame: a 16-byte header and a payload.
//
// Threads:   values; FrameWriter: one.
// Errors:    PROTOCOL_ERROR when a header cannot be one: nothing after it can be trusted.
// Format:    docs/protocols/tcp.md
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "kvhost/result.hpp"
#include "wire/byte_writer.hpp"
#include "wire/opcodes.hpp"

namespace kvhost::tcp {

inline constexpr std::size_t kHeaderBytes = 16;
inline constexpr std::size_t kLengthBytes = 4;
// What a frame may be longer than the node's largest batch: headers, keys' lengths and the like.
inline constexpr uint64_t kFrameSlackBytes = uint64_t{64} << 10;

// Flags of a request: the payload begins with a context.
inline constexpr uint8_t kHasContext = 0x01;
// Flags of a reply: the payload is an error.
inline constexpr uint8_t kIsError = 0x01;

struct FrameHeader {
  uint32_t length = 0;  // of all that follows the length field itself
  uint16_t opcode = 0;
  uint8_t flags = 0;
  uint64_t request_id = 0;

  std::size_t frame_bytes() const { return kLengthBytes + length; }
  std::size_t payload_bytes() const { return frame_bytes() - kHeaderBytes; }
};

struct Frame {
  uint16_t opcode = 0;
  uint8_t flags = 0;
  uint64_t request_id = 0;
  std::string_view payload;

  bool is_error() const { return (flags & kIsError) != 0; }
};

// Whether a frame may have the length at the start of `bytes`, which holds at least kLengthBytes.
Status check_length(std::string_view bytes, uint64_t max_frame_bytes);

// Reads the header at the start of `bytes`, which holds at least kHeaderBytes.
Result<FrameHeader> decode_header(std::string_view bytes, uint64_t max_frame_bytes);

// Appends one frame to a buffer; finish() fills in its length.
class FrameWriter : public ByteWriter {
 public:
  FrameWriter(std::string& buffer, uint16_t opcode, uint8_t flags, uint64_t request_id);
  // The frame's size in bytes, header included.
  std::size_t bytes() const { return position() - start_; }
  void finish() { overwrite_u32(start_, static_cast<uint32_t>(bytes() - kLengthBytes)); }

 private:
  std::size_t start_;
};

}  // namespace kvhost::tcp
