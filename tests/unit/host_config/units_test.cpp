// Sizes, durations, addresses and near misses: the small words of a configuration.
#include "config/units.hpp"

#include <catch2/catch.hpp>

#include "config/address.hpp"
#include "config/did_you_mean.hpp"

namespace kvhost::host {
namespace {

TEST_CASE("sizes are numbers with units") {
  CHECK(parse_size("64MiB").value() == int64_t{64} << 20);
  CHECK(parse_size("1GiB").value() == int64_t{1} << 30);
  CHECK(parse_size("1.5KiB").value() == 1536);
  CHECK(parse_size("1.25GiB").value() == 1342177280);
  CHECK(parse_size("10KB").value() == 10'000);
  CHECK(parse_size("2 MB").value() == 2'000'000);
  CHECK(parse_size("0B").value() == 0);
  CHECK(parse_size("7TiB").value() == int64_t{7} << 40);
}

TEST_CASE("a size that is none says why") {
  CHECK(parse_size("").error().message() == "it does not begin with a number");
  CHECK(parse_size("MiB").error().message() == "it does not begin with a number");
  CHECK(parse_size("-1MiB").error().message() == "it does not begin with a number");
  CHECK(parse_size("1.MiB").error().message() == "it does not begin with a number");
  CHECK(parse_size("64").error().message() ==
        "the unit is missing; units are TiB GiB MiB KiB TB GB MB KB B");
  CHECK(parse_size("64mb").error().message() ==
        "\"mb\" is no unit; units are TiB GiB MiB KiB TB GB MB KB B");
  CHECK(parse_size("99999999999999999999B").error().message() == "the number is too large");
  CHECK(parse_size("9223372036854775807KiB").error().message() == "the number is too large");
  CHECK(parse_size("8388607.9999999TiB").has_value());
  CHECK(parse_size("8388608TiB").error().message() == "the number is too large");
}

TEST_CASE("durations are numbers with units") {
  CHECK(parse_duration("10ms").value() == 10'000'000);
  CHECK(parse_duration("1.5s").value() == 1'500'000'000);
  CHECK(parse_duration("250us").value() == 250'000);
  CHECK(parse_duration("5m").value() == int64_t{300} * 1'000'000'000);
  CHECK(parse_duration("2h").value() == int64_t{7200} * 1'000'000'000);
  CHECK(parse_duration("1d").value() == int64_t{86400} * 1'000'000'000);
  CHECK(parse_duration("5").error().message() == "the unit is missing; units are d h m s ms us ns");
}

TEST_CASE("sizes and durations are written the short way") {
  for (const char* text : {"64MiB", "1GiB", "10KB", "3B", "1536B", "0B"}) {
    const auto bytes = parse_size(text).value();
    CHECK(parse_size(format_size(bytes)).value() == bytes);
  }
  CHECK(format_size(int64_t{64} << 20) == "64MiB");
  CHECK(format_size(10'000) == "10KB");
  CHECK(format_size(0) == "0B");
  CHECK(format_duration(10'000'000) == "10ms");
  CHECK(format_duration(int64_t{3600} * 1'000'000'000) == "1h");
  CHECK(format_duration(0) == "0s");
  CHECK(format_duration(1) == "1ns");
}

TEST_CASE("addresses have a host and a port") {
  CHECK(parse_address("127.0.0.1:8080").value().to_string() == "127.0.0.1:8080");
  CHECK(parse_address("node2:10002").value().host == "node2");
  CHECK(parse_address("[::1]:0").value().to_string() == "[::1]:0");
  CHECK(parse_address("[::1]:0").value().host == "::1");
  CHECK(parse_address(":8080").value().to_string() == "0.0.0.0:8080");
  for (const char* text : {"127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:8x", "::1:80",
                           "[::1]", "[::1:80", "[node]:80", "a b:80", "", ":"}) {
    INFO(text);
    CHECK_FALSE(parse_address(text).has_value());
  }
}

TEST_CASE("loopback is this machine alone") {
  for (const char* text : {"127.0.0.1:1", "127.9.9.9:1", "localhost:1", "[::1]:1"}) {
    INFO(text);
    CHECK(parse_address(text).value().is_loopback());
  }
  for (const char* text : {":1", "0.0.0.0:1", "10.0.0.1:1", "[::]:1", "127.0.0.1.example.com:1",
                           "example.com:1", "127.evil.com:1"}) {
    INFO(text);
    CHECK_FALSE(parse_address(text).value().is_loopback());
  }
}

TEST_CASE("a slip is a near name, another word is not") {
  const std::vector<std::string> known{"memory", "memtable_size", "wal_sync", "wal_sync_interval"};
  CHECK(nearest_name("memroy", known) == "memory");
  CHECK(nearest_name("memtable-size", known) == "memtable_size");
  CHECK(nearest_name("wal_sinc", known) == "wal_sync");
  CHECK(nearest_name("wal_sync_int", known) == "wal_sync_interval");
  CHECK(nearest_name("colour", known).empty());
  CHECK(nearest_name("", known).empty());
  CHECK(nearest_name(std::string(10'000, 'm'), known).empty());
  CHECK(edit_distance("kitten", "sitting") == 3);
  CHECK(edit_distance("ab", "ba") == 1);
  CHECK(edit_distance("", "abc") == 3);
}

}  // namespace
}  // namespace kvhost::host
