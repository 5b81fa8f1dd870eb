// Frames: a 12-byte head and a payload, cut out of a stream of bytes.
//
// Threads:   one.
// Lifetime:  a frame owns its bytes, shared with the entries decoded from it.
// Errors:    PROTOCOL_ERROR (a length beyond the limit, bytes that do not match their checksum):
//            nothing after it can be trusted. Memory grows with what has arrived, never with what a
//            length claims.
// Format:    docs/protocols/replication.md, "Frames".
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "kvhost/result.hpp"

namespace kvhost::leader_follower {

inline constexpr std::size_t kFrameHeadBytes = 12;

// Types below 0x40 are messages (wire/message_codec.hpp).
inline constexpr uint8_t kHelloFrame = 0x40;
inline constexpr uint8_t kVerdictFrame = 0x41;
inline constexpr uint8_t kPingFrame = 0x42;

struct Frame {
  uint8_t type = 0;
  std::shared_ptr<const std::string> payload;
};

// Appends the frame's head, lets `write` append the payload, and completes the head.
class FrameWriter {
 public:
  FrameWriter(std::string& out, uint8_t type);
  void finish();

 private:
  std::string& out_;
  std::size_t start_;
};

class FrameReader {
 public:
  explicit FrameReader(uint64_t max_payload_bytes) : max_payload_bytes_(max_payload_bytes) {}
  void set_max_payload_bytes(uint64_t bytes) { max_payload_bytes_ = bytes; }

  void feed(std::string_view bytes) { buffer_.append(bytes); }
  // The next whole frame; nothing while more bytes are needed.
  Result<std::optional<Frame>> next();

 private:
  uint64_t max_payload_bytes_;
  std::string buffer_;
  std::size_t at_ = 0;
};

}  // namespace kvhost::leader_follower
