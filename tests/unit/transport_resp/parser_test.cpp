// Commands out of bytes: whole, in pieces of every size, and damaged.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cstring>
#include <string>
#include <vector>

#include "wire/glob.hpp"
#include "wire/numbers.hpp"
#include "wire/request_parser.hpp"

using namespace kvhost::resp;

namespace {

struct Parsed {
  std::vector<std::vector<std::string>> commands;
  std::string error;
};

Parsed parse(std::string_view bytes, std::size_t step, const ParserLimits& limits = {}) {
  RequestParser parser(limits);
  Parsed parsed;
  while (!bytes.empty() && parsed.error.empty()) {
    const auto room = parser.input_room();
    const std::size_t count = std::min({step, room.size(), bytes.size()});
    std::memcpy(room.data(), bytes.data(), count);
    bytes.remove_prefix(count);
    parser.received(count);
    for (;;) {
      const auto found = parser.next();
      if (found == RequestParser::Step::kNeedsMore) break;
      if (found == RequestParser::Step::kProtocolError) {
        parsed.error = parser.error();
        break;
      }
      const auto words = parser.arguments();
      parsed.commands.emplace_back(words.begin(), words.end());
    }
  }
  return parsed;
}

std::string error_of(std::string_view bytes, const ParserLimits& limits = {}) {
  return parse(bytes, bytes.size(), limits).error;
}

}  // namespace

TEST_CASE("resp parser: arrays and inline commands, cut at every place") {
  const std::string bytes =
      "*2\r\n$3\r\nGET\r\n$4\r\na\r\nb\r\nPING\r\n\r\n*0\r\n*-1\r\nset k \"a\\x00 \\\"b\" 'c\\'d'\n"
      "*3\r\n$3\r\nSET\r\n$0\r\n\r\n$1\r\nv\r\n";
  const std::vector<std::vector<std::string>> expected = {
      {"GET", "a\r\nb"},
      {"PING"},
      {"set", "k", std::string("a\0 \"b", 5), "c'd"},
      {"SET", "", "v"}};
  for (std::size_t step = 1; step <= bytes.size(); ++step) {
    const Parsed parsed = parse(bytes, step);
    INFO("in pieces of " << step);
    CHECK(parsed.error.empty());
    CHECK(parsed.commands == expected);
  }
}

TEST_CASE("resp parser: lengths that lie are refused in Redis's words") {
  CHECK(error_of("*1\r\n$-1\r\n") == "Protocol error: invalid bulk length");
  CHECK(error_of("*1\r\n$99999999999999999999\r\n") == "Protocol error: invalid bulk length");
  CHECK(error_of("*2147483648\r\n") == "Protocol error: invalid multibulk length");
  CHECK(error_of("*x\r\n") == "Protocol error: invalid multibulk length");
  CHECK(error_of("*1\r\n:1\r\n") == "Protocol error: expected '$', got ':'");
  CHECK(error_of("get \"a\r\n") == "Protocol error: unbalanced quotes in request");
  CHECK(error_of(std::string(70'000, 'a')) == "Protocol error: too big inline request");
  CHECK(error_of("*" + std::string(70'000, '1')) == "Protocol error: too big mbulk count string");
  CHECK(error_of("*1\r\n$" + std::string(70'000, '1')) ==
        "Protocol error: too big bulk count string");
  CHECK(error_of("*1\r\n$11\r\n", {10, 1 << 20, true}) == "Protocol error: invalid bulk length");
  CHECK(error_of("*11\r\n", {1 << 20, 1 << 20, false}) ==
        "Protocol error: unauthenticated multibulk length");
}

TEST_CASE("resp parser: a length alone takes no memory") {
  RequestParser parser({});
  const std::string claim = "*1000000\r\n$500000000\r\n";
  const auto room = parser.input_room();
  std::memcpy(room.data(), claim.data(), claim.size());
  parser.received(claim.size());
  CHECK(parser.next() == RequestParser::Step::kNeedsMore);
  static_cast<void>(parser.input_room());
  CHECK(parser.buffer_bytes() <= (64u << 10));
}

TEST_CASE("resp numbers: only the form that is written") {
  CHECK(parse_integer("-9223372036854775808") == INT64_MIN);
  CHECK(parse_integer("0") == 0);
  for (const char* wrong : {"", "-", "+1", "01", "-0", " 1", "1 ", "9223372036854775808", "1.0"}) {
    INFO(wrong);
    CHECK_FALSE(parse_integer(wrong).has_value());
  }
  CHECK(format_long_double(3.0L) == "3");
  CHECK(format_long_double(-0.0L) == "0");
  CHECK(format_long_double(10.5L) == "10.5");
  CHECK_FALSE(parse_long_double("nan").has_value());
  CHECK_FALSE(parse_long_double(" 1").has_value());
}

TEST_CASE("resp glob: patterns and what they begin with") {
  CHECK(glob_matches("h?llo*", "hello world"));
  CHECK(glob_matches("[a-c]x[^d]", "bxe"));
  CHECK_FALSE(glob_matches("[a-c]x[^d]", "bxd"));
  CHECK(glob_matches("a\\*b", "a*b"));
  CHECK_FALSE(glob_matches("a\\*b", "axb"));
  CHECK_FALSE(glob_matches(std::string(40, '*') + "b", std::string(10'000, 'a')));
  CHECK(glob_prefix("user:*") == "user:");
  CHECK(glob_prefix("a\\*b?") == "a*b");
}
