#include "base/coding.hpp"

#include <catch2/catch.hpp>

namespace kvhost::engine {
namespace {

TEST_CASE("integers come back as they were written") {
  const uint64_t value = GENERATE(uint64_t{0}, 1, 127, 128, 255, 16383, 16384, UINT32_MAX,
                                  uint64_t{UINT32_MAX} + 1, UINT64_MAX - 1, UINT64_MAX);
  std::string bytes;
  append_fixed16(bytes, static_cast<uint16_t>(value));
  append_fixed32(bytes, static_cast<uint32_t>(value));
  append_fixed64(bytes, value);
  append_varint64(bytes, value);
  CHECK(bytes.size() == 14 + varint_size(value));

  Decoder decoder(bytes);
  CHECK(decoder.fixed16() == static_cast<uint16_t>(value));
  CHECK(decoder.fixed32() == static_cast<uint32_t>(value));
  CHECK(decoder.fixed64() == value);
  CHECK(decoder.varint64() == value);
  CHECK(decoder.finished());
}

TEST_CASE("fixed integers lie with the low byte first") {
  std::string bytes;
  append_fixed32(bytes, 0x04030201);
  CHECK(bytes == std::string("\x01\x02\x03\x04"));
}

TEST_CASE("every cut of a varint fails and stays failed") {
  std::string whole;
  append_varint64(whole, UINT64_MAX);
  REQUIRE(whole.size() == kMaxVarint64);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    Decoder decoder(std::string_view(whole).substr(0, size));
    CHECK(decoder.varint64() == 0);
    CHECK_FALSE(decoder.ok());
    CHECK(decoder.position() == 0);
    CHECK(decoder.fixed8() == 0);
    CHECK(decoder.remaining() == 0);
  }
}

TEST_CASE("a varint that does not fit is refused") {
  std::string ten(9, '\x80');
  ten.push_back('\x02');
  Decoder too_wide(ten);
  too_wide.varint64();
  CHECK_FALSE(too_wide.ok());

  std::string bytes;
  append_varint64(bytes, uint64_t{UINT32_MAX} + 1);
  Decoder decoder(bytes);
  CHECK(decoder.varint32() == 0);
  CHECK_FALSE(decoder.ok());
}

TEST_CASE("a lying length yields nothing") {
  std::string bytes;
  append_length_prefixed(bytes, "key");
  append_varint64(bytes, UINT64_MAX);
  bytes.append("short");
  Decoder decoder(bytes);
  CHECK(decoder.length_prefixed() == "key");
  const std::size_t liar = decoder.position();
  CHECK(decoder.length_prefixed().empty());
  CHECK_FALSE(decoder.ok());
  CHECK(decoder.position() == liar);
}

}  // namespace
}  // namespace kvhost::engine
