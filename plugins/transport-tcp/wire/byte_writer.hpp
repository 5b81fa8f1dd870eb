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
#include <type_traits>

namespace kvhost::tcp {

static_assert(std::endian::native == std::endian::little, "the wire is written as memory holds it");

class ByteWriter {
 public:
  explicit ByteWriter(std::string& buffer) : buffer_(buffer) {}

  void u8(uint8_t value) { buffer_.push_back(static_cast<char>(value)); }
  void u16(uint16_t value) { number(value); }
  void u32(uint32_t value) { number(value); }
  void u64(uint64_t value) { number(value); }
  void i64(int64_t value) { number(value); }
  void raw(std::string_view bytes) { buffer_.append(bytes); }
  // A length of 8, 16 or 32 bits, then the bytes. The caller has checked that the length fits.
  void counted8(std::string_view bytes) {
    u8(static_cast<uint8_t>(bytes.size()));
    raw(bytes);
  }
  void counted16(std::string_view bytes) {
    u16(static_cast<uint16_t>(bytes.size()));
    raw(bytes);
  }
  void counted32(std::string_view bytes) {
    u32(static_cast<uint32_t>(bytes.size()));
    raw(bytes);
  }

  std::size_t position() const { return buffer_.size(); }
  void overwrite_u32(std::size_t position, uint32_t value) {
    std::memcpy(buffer_.data() + position, &value, sizeof(value));
  }
  void overwrite_u8(std::size_t position, uint8_t value) {
    buffer_[position] = static_cast<char>(value);
  }

 private:
  template <typename T>
  void number(T value) {
    static_assert(std::is_integral_v<T>);
    char bytes[sizeof(T)];
    std::memcpy(bytes, &value, sizeof(T));
    buffer_.append(bytes, sizeof(T));
  }
  std::string& buffer_;
};

}  // namespace kvhost::tcp
