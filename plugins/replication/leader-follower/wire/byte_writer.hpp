// Appends little-endian numbers and counted bytes to a string.
//
// Threads:   one.
// Lifetime:  borrows the string.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace kvhost::leader_follower {

static_assert(std::endian::native == std::endian::little, "the wire is written as memory holds it");

class ByteWriter {
 public:
  explicit ByteWriter(std::string& buffer) : buffer_(buffer) {}

  void u8(uint8_t value) { buffer_.push_back(static_cast<char>(value)); }
  void u32(uint32_t value) { number(value); }
  void u64(uint64_t value) { number(value); }
  void raw(std::string_view bytes) { buffer_.append(bytes); }
  void counted(std::string_view bytes) {
    u32(static_cast<uint32_t>(bytes.size()));
    raw(bytes);
  }

 private:
  template <typename T>
  void number(T value) {
    char bytes[sizeof(T)];
    std::memcpy(bytes, &value, sizeof(T));
    buffer_.append(bytes, sizeof(T));
  }
  std::string& buffer_;
};

}  // namespace kvhost::leader_follower
