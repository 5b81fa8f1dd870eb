// Lines of the log stay lines, whatever a key or a peer put into them.
#include <catch2/catch.hpp>

#include "logging/line_text.hpp"

namespace kvhost::host {
namespace {

TEST_CASE("text lines show control characters and stray bytes as escapes") {
  CHECK(printable("plain — ünïcode") == "plain — ünïcode");
  CHECK(printable("two\nlines\tand \x1b[31m") == "two\\nlines\\tand \\x1b[31m");
  CHECK(printable("\xff\xc0\x80") == "\\xff\\xc0\\x80");
  CHECK(printable("cut \xe2\x82") == "cut \\xe2\\x82");
  CHECK(printable(std::string_view("\0", 1)) == "\\x00");
}

TEST_CASE("JSON lines are valid JSON") {
  CHECK(json_string("a\"b\\c") == R"("a\"b\\c")");
  CHECK(json_string("two\nlines") == R"("two\u000alines")");
  CHECK(json_string("\xff!") == R"("\ufffd!")");
  CHECK(json_string("€") == "\"€\"");
  CHECK(json_string("\xed\xa0\x80") == R"("\ufffd\ufffd\ufffd")");
}

}  // namespace
}  // namespace kvhost::host
