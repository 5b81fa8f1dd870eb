// How bytes and tables look.
#include "text.hpp"

#include <catch2/catch.hpp>

#include "latencies.hpp"

using namespace kvhost::kvctl;

TEST_CASE("text: base64 goes both ways") {
  for (const std::string bytes : {"", "f", "fo", "foo", "foob", "fooba", "foobar"}) {
    CHECK(from_base64(to_base64(bytes)) == bytes);
  }
  CHECK(to_base64("foob") == "Zm9vYg==");
  CHECK(from_base64("Zm9vYg=") == std::nullopt);
  CHECK(from_base64("Zm9!") == std::nullopt);
  CHECK(from_base64("=m9v") == std::nullopt);
}

TEST_CASE("text: what is UTF-8 and what is not") {
  CHECK(is_utf8("plain"));
  CHECK(is_utf8("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"));
  CHECK_FALSE(is_utf8("\xc3"));
  CHECK_FALSE(is_utf8("\xc0\x80"));
  CHECK_FALSE(is_utf8("\xed\xa0\x80"));
  CHECK_FALSE(is_utf8("\xf4\x90\x80\x80"));
  CHECK_FALSE(is_utf8("\xff"));
}

TEST_CASE("text: unprintable bytes are escaped on one line") {
  CHECK(printable("a\nb\\c\xff\xc3\xa9") == "a\\x0ab\\x5cc\\xff\xc3\xa9");
}

TEST_CASE("text: sizes and durations") {
  CHECK(human_bytes(1023) == "1023 B");
  CHECK(human_bytes(1536) == "1.5 KiB");
  CHECK(human_bytes(uint64_t{3} << 30) == "3.0 GiB");
  CHECK(human_duration(250) == "250ms");
  CHECK(human_duration(60'000) == "60s");
  CHECK(human_duration(1500) == "1.500s");
}

TEST_CASE("latencies: quantiles are right within their buckets") {
  Latencies latencies;
  for (int i = 1; i <= 1000; ++i) latencies.add(i * 1e-6);
  CHECK(latencies.quantile_us(0.5) >= 500);
  CHECK(latencies.quantile_us(0.5) <= 540);
  CHECK(latencies.quantile_us(0.99) >= 985);
  CHECK(latencies.quantile_us(0.99) <= 1060);
}
