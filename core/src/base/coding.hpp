// Integers and byte strings as they lie in files: fixed width little-endian, or varint (7 bits a
// byte, low bits first, at most 10 bytes).
//
// Threads:   functions any; a Decoder one.
// Errors:    a Decoder that runs past its bytes stays failed and yields zeros and empty views, so a
//            caller may read a whole structure and check ok() once. It never allocates.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace kvhost::engine {

static_assert(std::endian::native == std::endian::little, "files are written as memory lies");

inline constexpr std::size_t kMaxVarint32 = 5;
inline constexpr std::size_t kMaxVarint64 = 10;

template <typename Integer>
inline void store_fixed(char* to, Integer value) {
  std::memcpy(to, &value, sizeof value);
}
template <typename Integer>
inline Integer load_fixed(const char* from) {
  Integer value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

inline void store_fixed16(char* to, uint16_t value) { store_fixed(to, value); }
inline void store_fixed32(char* to, uint32_t value) { store_fixed(to, value); }
inline void store_fixed64(char* to, uint64_t value) { store_fixed(to, value); }
inline uint16_t load_fixed16(const char* from) { return load_fixed<uint16_t>(from); }
inline uint32_t load_fixed32(const char* from) { return load_fixed<uint32_t>(from); }
inline uint64_t load_fixed64(const char* from) { return load_fixed<uint64_t>(from); }

void append_fixed16(std::string& out, uint16_t value);
void append_fixed32(std::string& out, uint32_t value);
void append_fixed64(std::string& out, uint64_t value);
void append_varint64(std::string& out, uint64_t value);
inline void append_varint32(std::string& out, uint32_t value) { append_varint64(out, value); }
// A varint length, then the bytes.
void append_length_prefixed(std::string& out, std::string_view bytes);

// Writes a varint to `to`, which has room for kMaxVarint64 bytes; returns the byte after it.
char* store_varint64(char* to, uint64_t value);
constexpr std::size_t varint_size(uint64_t value) {
  return (static_cast<std::size_t>(std::bit_width(value | 1)) + 6) / 7;
}

class Decoder {
 public:
  explicit Decoder(std::string_view bytes) : bytes_(bytes) {}

  uint8_t fixed8() { return fixed<uint8_t>(); }
  uint16_t fixed16() { return fixed<uint16_t>(); }
  uint32_t fixed32() { return fixed<uint32_t>(); }
  uint64_t fixed64() { return fixed<uint64_t>(); }
  uint64_t varint64();
  // Fails when the value does not fit 32 bits.
  uint32_t varint32();
  // The next `count` bytes, borrowed from the input.
  std::string_view bytes(uint64_t count);
  // A varint length and that many bytes.
  std::string_view length_prefixed();
  void skip(uint64_t count) { bytes(count); }

  bool ok() const { return ok_; }
  // True when every byte was read and nothing failed.
  bool finished() const { return ok_ && position_ == bytes_.size(); }
  // Bytes read so far; after a failure, where the value began that could not be read.
  std::size_t position() const { return position_; }
  std::size_t remaining() const { return ok_ ? bytes_.size() - position_ : 0; }

 private:
  template <typename Integer>
  Integer fixed() {
    const std::string_view raw = bytes(sizeof(Integer));
    return ok_ ? load_fixed<Integer>(raw.data()) : Integer{0};
  }

  std::string_view bytes_;
  std::size_t position_ = 0;
  bool ok_ = true;
};

}  // namespace kvhost::engine
