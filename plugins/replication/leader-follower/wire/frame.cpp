#include "wire/frame.hpp"

#include <cstring>
#include <utility>

#include "wire/checksum.hpp"

namespace kvhost::leader_follower {
namespace {

// Head: payload length u32, CRC-32C of type and payload u32, type u8, three zeros.
constexpr std::size_t kTypeAt = 8;
// What was consumed is dropped from the buffer when it is at least this much.
constexpr std::size_t kCompactBytes = 64 << 10;

uint32_t number_at(const std::string& bytes, std::size_t at) {
  uint32_t value = 0;
  std::memcpy(&value, bytes.data() + at, sizeof(value));
  return value;
}

uint32_t checksum_of(std::string_view type_and_zeros, std::string_view payload) {
  return crc32c(payload, crc32c(type_and_zeros));
}

}  // namespace

FrameWriter::FrameWriter(std::string& out, uint8_t type) : out_(out), start_(out.size()) {
  out_.append(kFrameHeadBytes, '\0');
  out_[start_ + kTypeAt] = static_cast<char>(type);
}

void FrameWriter::finish() {
  const std::string_view all = std::string_view(out_).substr(start_);
  const auto payload = all.substr(kFrameHeadBytes);
  const auto length = static_cast<uint32_t>(payload.size());
  const uint32_t checksum = checksum_of(all.substr(kTypeAt, 4), payload);
  std::memcpy(out_.data() + start_, &length, sizeof(length));
  std::memcpy(out_.data() + start_ + 4, &checksum, sizeof(checksum));
}

Result<std::optional<Frame>> FrameReader::next() {
  const std::size_t available = buffer_.size() - at_;
  if (available < kFrameHeadBytes) return std::optional<Frame>();
  const uint32_t length = number_at(buffer_, at_);
  if (length > max_payload_bytes_) {
    return Status(StatusCode::PROTOCOL_ERROR,
                  "frame: expected at most " + std::to_string(max_payload_bytes_) +
                      " bytes of payload, found a length of " + std::to_string(length));
  }
  if (available < kFrameHeadBytes + length) return std::optional<Frame>();
  const std::string_view whole = std::string_view(buffer_).substr(at_, kFrameHeadBytes + length);
  const uint32_t expected = number_at(buffer_, at_ + 4);
  const uint32_t found = checksum_of(whole.substr(kTypeAt, 4), whole.substr(kFrameHeadBytes));
  if (expected != found) {
    return Status(StatusCode::PROTOCOL_ERROR, "frame: expected checksum " +
                                                  std::to_string(expected) + ", found " +
                                                  std::to_string(found));
  }
  Frame frame;
  frame.type = static_cast<uint8_t>(whole[kTypeAt]);
  if (at_ == 0 && buffer_.size() == whole.size() && length > kCompactBytes) {
    // A large frame alone: its bytes are moved, not copied, but for the head.
    std::string payload = std::move(buffer_);
    payload.erase(0, kFrameHeadBytes);
    frame.payload = std::make_shared<const std::string>(std::move(payload));
    buffer_.clear();
    return std::optional(std::move(frame));
  }
  frame.payload = std::make_shared<const std::string>(whole.substr(kFrameHeadBytes));
  at_ += whole.size();
  if (at_ == buffer_.size()) {
    buffer_.clear();
    at_ = 0;
  } else if (at_ >= kCompactBytes) {
    buffer_.erase(0, at_);
    at_ = 0;
  }
  return std::optional(std::move(frame));
}

}  // namespace kvhost::leader_follower
