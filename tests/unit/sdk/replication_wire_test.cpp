#include "kvhost/replication_wire.hpp"

#include <catch2/catch.hpp>

namespace kvhost {
namespace {

Outcome sample() {
  Outcome outcome;
  outcome.has_result = true;
  outcome.version = 42;
  outcome.index = 0x1122334455667788;
  outcome.now_ms = 1'700'000'000'123;
  outcome.items = {{1, 0, -5, 41}, {0, 0, 7, 42}};
  outcome.failed = {{3, 0}, {9, 12}};
  return outcome;
}

std::string bytes_of(const Outcome& outcome) {
  const kvh_result result = outcome.result();
  return encode_outcome(outcome.status, outcome.has_result ? &result : nullptr);
}

}  // namespace

TEST_CASE("a forwarded outcome arrives as it was sent", "[replication_wire]") {
  Outcome sent = sample();
  sent.status = Status(StatusCode::CONDITION_FAILED, "the condition did not hold");
  const auto got = decode_outcome(bytes_of(sent));
  REQUIRE(got.has_value());
  CHECK(got->status.code() == StatusCode::CONDITION_FAILED);
  CHECK(got->status.message() == "the condition did not hold");
  CHECK(got->has_result);
  CHECK(got->version == 42);
  CHECK(got->index == sent.index);
  CHECK(got->now_ms == sent.now_ms);
  REQUIRE(got->items.size() == 2);
  CHECK(got->items[0].existed == 1);
  CHECK(got->items[0].number == -5);
  CHECK(got->items[1].version == 42);
  REQUIRE(got->failed.size() == 2);
  CHECK(got->failed[1].index == 9);
  CHECK(got->failed[1].current_version == 12);
}

TEST_CASE("a refusal travels without a result", "[replication_wire]") {
  const auto got =
      decode_outcome(encode_outcome(Status(StatusCode::NO_QUORUM, "1 of 2 nodes"), nullptr));
  REQUIRE(got.has_value());
  CHECK(got->status.code() == StatusCode::NO_QUORUM);
  CHECK(got->status.message() == "1 of 2 nodes");
  CHECK_FALSE(got->has_result);
}

TEST_CASE("every shortened or lengthened outcome is refused", "[replication_wire]") {
  const std::string whole = bytes_of(sample());
  for (std::size_t length = 0; length < whole.size(); ++length) {
    const auto got = decode_outcome(std::string_view(whole).substr(0, length));
    REQUIRE_FALSE(got.has_value());
    CHECK(got.error().code() == StatusCode::PROTOCOL_ERROR);
  }
  CHECK_FALSE(decode_outcome(whole + "x").has_value());
}

TEST_CASE("a count that the bytes do not hold is refused before memory is asked for",
          "[replication_wire]") {
  std::string bytes = bytes_of(sample());
  const std::size_t item_count_at = 8 + 24;
  bytes.replace(item_count_at, 4, "\xff\xff\xff\xff");
  const auto got = decode_outcome(bytes);
  REQUIRE_FALSE(got.has_value());
  CHECK(got.error().message().find("offset 40") != std::string::npos);
}

TEST_CASE("an unknown format or code is refused", "[replication_wire]") {
  std::string bytes = bytes_of(sample());
  bytes[0] = 2;
  CHECK_FALSE(decode_outcome(bytes).has_value());
  bytes[0] = 1;
  bytes[5] = 0x7f;
  CHECK_FALSE(decode_outcome(bytes).has_value());
}

}  // namespace kvhost
