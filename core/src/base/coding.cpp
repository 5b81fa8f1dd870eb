#include "base/coding.hpp"

namespace kvhost::engine {
namespace {

template <typename Integer>
void append_fixed(std::string& out, Integer value) {
  char bytes[sizeof value];
  store_fixed(bytes, value);
  out.append(bytes, sizeof bytes);
}

}  // namespace

void append_fixed16(std::string& out, uint16_t value) { append_fixed(out, value); }
void append_fixed32(std::string& out, uint32_t value) { append_fixed(out, value); }
void append_fixed64(std::string& out, uint64_t value) { append_fixed(out, value); }

char* store_varint64(char* to, uint64_t value) {
  while (value >= 0x80) {
    *to++ = static_cast<char>(value | 0x80);
    value >>= 7;
  }
  *to++ = static_cast<char>(value);
  return to;
}

void append_varint64(std::string& out, uint64_t value) {
  char bytes[kMaxVarint64];
  out.append(bytes, static_cast<std::size_t>(store_varint64(bytes, value) - bytes));
}

void append_length_prefixed(std::string& out, std::string_view bytes) {
  append_varint64(out, bytes.size());
  out.append(bytes);
}

uint64_t Decoder::varint64() {
  uint64_t value = 0;
  std::size_t at = position_;
  for (int shift = 0; ok_ && shift < 64 && at < bytes_.size(); shift += 7) {
    const auto byte = static_cast<uint8_t>(bytes_[at++]);
    // The tenth byte has room for the one bit that is left.
    if (shift == 63 && byte > 1) break;
    value |= uint64_t{byte & 0x7Fu} << shift;
    if (byte < 0x80) {
      position_ = at;
      return value;
    }
  }
  ok_ = false;
  return 0;
}

uint32_t Decoder::varint32() {
  const std::size_t start = position_;
  const uint64_t value = varint64();
  if (value <= UINT32_MAX) return static_cast<uint32_t>(value);
  position_ = start;
  ok_ = false;
  return 0;
}

std::string_view Decoder::bytes(uint64_t count) {
  if (!ok_ || count > bytes_.size() - position_) {
    ok_ = false;
    return {};
  }
  const std::string_view found = bytes_.substr(position_, count);
  position_ += count;
  return found;
}

std::string_view Decoder::length_prefixed() {
  const std::size_t start = position_;
  const uint64_t length = varint64();
  const std::string_view found = bytes(length);
  if (!ok_) position_ = start;
  return found;
}

}  // namespace kvhost::engine
