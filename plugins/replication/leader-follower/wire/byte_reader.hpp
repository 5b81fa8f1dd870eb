// Takes little-endian numbers and counted bytes from a message, never past its end.
//
// Threads:   one.
// Lifetime:  borrows the bytes; what it returns are views into them.
// Errors:    the first field that does not fit is remembered: from then on every read gives zero or
//            nothing, and finish() names the field, its offset, what it needs and what is left.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "kvhost/result.hpp"

namespace kvhost::leader_follower {

class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : bytes_(bytes) {}

  uint8_t u8(const char* field) { return number<uint8_t>(field); }
  uint32_t u32(const char* field) { return number<uint32_t>(field); }
  uint64_t u64(const char* field) { return number<uint64_t>(field); }
  bool flag(const char* field) {
    const uint8_t value = u8(field);
    if (value > 1) refuse(field, "expected 0 or 1, found " + std::to_string(value));
    return value == 1;
  }
  std::string_view raw(const char* field, uint64_t length) {
    if (!has(field, length)) return {};
    const auto piece = bytes_.substr(offset_, length);
    offset_ += length;
    return piece;
  }
  std::string_view counted(const char* field) { return raw(field, u32(field)); }
  std::string text(const char* field) { return std::string(counted(field)); }
  // A count of elements of at least `element_bytes` each; 0 when they cannot be there, so that the
  // caller may allocate for them.
  uint32_t count(const char* field, uint64_t element_bytes) {
    const uint32_t value = u32(field);
    return has(field, value * element_bytes) ? value : 0;
  }
  void refuse(const char* field, std::string_view why) {
    if (ok()) problem_ = std::string(field) + ": " + std::string(why);
  }

  bool ok() const { return problem_.empty(); }
  std::size_t left() const { return bytes_.size() - offset_; }
  // PROTOCOL_ERROR when a field did not fit or bytes are left over.
  Status finish(std::string_view message) const {
    if (!ok()) return {StatusCode::PROTOCOL_ERROR, std::string(message) + ": " + problem_};
    if (left() == 0) return {};
    return {StatusCode::PROTOCOL_ERROR, std::string(message) + ": expected its end at byte " +
                                            std::to_string(offset_) + ", found " +
                                            std::to_string(left()) + " bytes more"};
  }

 private:
  bool has(const char* field, uint64_t wanted) {
    if (!ok()) return false;
    if (wanted <= left()) return true;
    problem_ = std::string(field) + " at byte " + std::to_string(offset_) + " needs " +
               std::to_string(wanted) + " bytes, " + std::to_string(left()) + " are left";
    return false;
  }
  template <typename T>
  T number(const char* field) {
    T value{};
    if (!has(field, sizeof(T))) return value;
    std::memcpy(&value, bytes_.data() + offset_, sizeof(T));
    offset_ += sizeof(T);
    return value;
  }

  std::string_view bytes_;
  std::size_t offset_ = 0;
  std::string problem_;
};

}  // namespace kvhost::leader_follower
