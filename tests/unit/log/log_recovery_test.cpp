// What recovery takes for the end of the log, and what for damage.
#include <catch2/catch.hpp>

#include "base/coding.hpp"
#include "log_world.hpp"

namespace kvhost::engine::testing {
namespace {

constexpr uint64_t kFirst = kSegmentHeaderSize;

TEST_CASE("an empty directory is the end of an empty log") {
  LogWorld world;
  const Recovered found = world.start();
  CHECK(found.end.position == LogPosition{0, 0});
  CHECK(found.end.next_segment == 1);
  CHECK(world.log->end_position() == LogPosition{1, kFirst});
  CHECK(world.log->durable_position() == LogPosition{1, kFirst});
}

TEST_CASE("synced records survive a power cut, records in the kernel a kill") {
  LogWorld world;
  world.start();
  world.append_synced("one");
  world.append_synced("");
  world.append("three");
  world.kill();
  CHECK(world.start().payloads == Payloads{"one", "", "three"});
  world.append("four");
  world.lose_power();
  const Recovered found = world.start();
  // The start after the kill has made durable what it read.
  CHECK(found.payloads == Payloads{"one", "", "three"});
  CHECK(found.end.records == 3);
  CHECK(found.positions[0] == LogPosition{1, kFirst});
  CHECK(found.positions[1] == LogPosition{1, kFirst + record_size(3)});
}

TEST_CASE("a torn tail is cut off, then an append survives a second crash") {
  LogWorld world;
  world.start();
  world.append_synced("kept");
  const uint64_t tail = world.log->end_position().offset;
  world.append(std::string(3000, 't'));
  world.kill();
  // The record's header and a part of its payload reached the disk.
  world.damage("/wal/000001.log", tail + 2000, std::string(1024, '\0'));
  const Recovered first = world.start();
  CHECK(first.payloads == Payloads{"kept"});
  CHECK(first.end.position == LogPosition{1, tail});
  CHECK(first.end.discarded_bytes == record_size(3000));
  world.append_synced("after the crash");
  world.lose_power();
  const Recovered second = world.start();
  CHECK(second.payloads == Payloads{"kept", "after the crash"});
  CHECK(second.positions[1].segment == 2);
}

TEST_CASE("pages may reach the disk in any order: a hole in what was never synced is no damage") {
  LogWorld world;
  world.start();
  world.append_synced("kept");
  const uint64_t hole = world.log->end_position().offset;
  world.append("lost");
  world.append("reached the disk");
  world.kill();
  world.damage("/wal/000001.log", hole, std::string(record_size(4), '\0'));
  const Recovered found = world.start();
  CHECK(found.payloads == Payloads{"kept"});
  CHECK(found.end.discarded_bytes == record_size(16));
}

TEST_CASE("a flipped bit in the middle of the log is reported, not truncated") {
  LogWorld world;
  world.start();
  for (const char* payload : {"one", "two", "three"}) world.append_synced(payload);
  world.lose_power();
  const uint64_t second = kFirst + record_size(3);
  const uint64_t byte = GENERATE(0u, 8u, 12u, 16u, 20u, 24u, 26u);
  world.files.flip_bits("/wal/000001.log", second + byte, 0x10);
  const Status status = world.refused();
  CHECK(status.code() == StatusCode::CORRUPTION);
  CHECK_THAT(status.message(), Catch::StartsWith("/wal/000001.log: record at offset " +
                                                 std::to_string(second) + ": expected "));
  CHECK_THAT(status.message(), Catch::Contains("found") && Catch::Contains("was durable up to"));
  // Nothing was changed by looking: the same answer again.
  CHECK(world.refused().message() == status.message());
}

TEST_CASE("the hint of the MANIFEST proves durability where no later record does") {
  LogWorld world;
  world.start();
  world.append_synced("one");
  const uint64_t second = world.log->end_position().offset;
  world.append_synced("two");
  const LogPosition durable = world.log->durable_position();
  world.lose_power();
  world.files.flip_bits("/wal/000001.log", second + kRecordHeaderSize, 1);
  CHECK(recover(world.files, "/wal").value().payloads == Payloads{"one"});
  const Status status = world.refused({{0, 0}, durable});
  CHECK(status.code() == StatusCode::CORRUPTION);
  CHECK_THAT(status.message(), Catch::Contains("says the MANIFEST"));
}

TEST_CASE("after an orderly close damage to the last record is told from a crash") {
  LogWorld world;
  world.start();
  world.append("one");
  const uint64_t last = world.log->end_position().offset;
  world.append("last");
  REQUIRE(world.log->close().is_ok());
  world.lose_power();
  CHECK(recover(world.files, "/wal").value().payloads == Payloads{"one", "last"});
  world.files.flip_bits("/wal/000001.log", last + kRecordHeaderSize, 1);
  CHECK(world.refused().code() == StatusCode::CORRUPTION);
}

TEST_CASE("damage before the next segment is proven by that segment's header") {
  LogWorld world;
  world.start();
  world.append_synced("one");
  const uint64_t second = world.log->end_position().offset;
  world.append_synced("two");
  REQUIRE(world.log->rotate().is_ok());
  world.lose_power();
  world.files.flip_bits("/wal/000001.log", second, 1);
  const Status status = world.refused();
  CHECK(status.code() == StatusCode::CORRUPTION);
  CHECK_THAT(status.message(), Catch::Contains("the header of /wal/000002.log"));
}

TEST_CASE("a zero-filled tail is the end of the log") {
  LogWorld world;
  world.start();
  world.append_synced("one");
  const uint64_t tail = world.log->end_position().offset;
  world.append("two");
  world.kill();
  world.damage("/wal/000001.log", tail, std::string(16384 - tail, '\0'));
  const Recovered found = world.start();
  CHECK(found.payloads == Payloads{"one"});
  CHECK(found.end.discarded_bytes == 0);
}

TEST_CASE("a missing segment is named") {
  LogWorld world;
  world.start();
  for (const char* payload : {"one", "two", "three"}) {
    world.append_synced(payload);
    REQUIRE(world.log->rotate().is_ok());
  }
  world.kill();
  SECTION("in the middle") {
    REQUIRE(world.files.remove("/wal/000002.log").is_ok());
    const Status status = world.refused();
    CHECK(status.code() == StatusCode::CORRUPTION);
    CHECK(
        status.message() ==
        "/wal: expected the segment 000002.log, which 000003.log goes on from, found no such file");
  }
  SECTION("at the start") {
    REQUIRE(world.files.remove("/wal/000001.log").is_ok());
    CHECK(world.refused().code() == StatusCode::CORRUPTION);
    // Where the caller does not need it, it is not missed.
    CHECK(recover(world.files, "/wal", {{2, kFirst}, {}}).value().payloads ==
          Payloads{"two", "three"});
  }
  SECTION("all of them") {
    for (const char* name : {"1", "2", "3", "4"}) {
      REQUIRE(world.files.remove(std::string("/wal/00000") + name + ".log").is_ok());
    }
    CHECK(world.refused({{2, kFirst}, {}}).message() ==
          "/wal: expected the segment 000002.log, which recovery starts at, found no such file");
  }
  SECTION("the newest, which the hint knows") {
    REQUIRE(world.files.remove("/wal/000004.log").is_ok());
    CHECK(world.refused({{}, {4, kFirst}}).code() == StatusCode::CORRUPTION);
  }
}

TEST_CASE("a segment of another life under the right name is refused") {
  LogWorld world, other;
  for (LogWorld* each : {&world, &other}) {
    each->start();
    each->append_synced("one");
    REQUIRE(each->log->rotate().is_ok());
    each->options.incarnation_seed = 99;
    each->kill();
  }
  other.options.incarnation_seed = 500;
  std::string bytes(16384, '\0');
  LogWorld stranger;
  stranger.options.incarnation_seed = 700;
  stranger.start();
  stranger.append_synced("other");
  REQUIRE(std::move(stranger.files.open_for_reading("/wal/000001.log"))
              .value()
              ->read_at(0, bytes)
              .has_value());
  world.damage("/wal/000001.log", 0, bytes);
  const Status status = world.refused();
  CHECK(status.code() == StatusCode::CORRUPTION);
  CHECK_THAT(status.message(), Catch::Contains("incarnation"));
}

TEST_CASE("a huge length is refused before anything is allocated") {
  LogWorld world;
  world.start();
  world.append_synced("one");
  const LogPosition at = world.log->end_position();
  const uint64_t incarnation = recover(world.files, "/wal").value().end.incarnation;
  world.kill();
  // A record whose header is right in every way, but for a length of 4 GiB.
  std::string record;
  append_record(record, RecordKind::kPayload, "x", at, incarnation, {});
  SECTION("with a broken check it is no record at all") {
    store_fixed32(record.data() + 12, UINT32_MAX);
    world.damage("/wal/000001.log", at.offset, record);
    CHECK(world.start().end.discarded_bytes == 0);
  }
  SECTION("with a right check it is torn: the file ends before it") {
    std::string huge(kRecordHeaderSize, '\0');
    // Made by the encoder, from a view that claims more than there is, would read wild memory: so
    // from an honest long payload, of which only the header is stored.
    const std::string payload(20'000, 'x');
    huge.clear();
    append_record(huge, RecordKind::kPayload, payload, at, incarnation, {});
    world.damage("/wal/000001.log", at.offset, huge.substr(0, kRecordHeaderSize));
    const Recovered found = world.start();
    CHECK(found.payloads == Payloads{"one"});
    CHECK(found.end.discarded_bytes == 16384 - at.offset);
  }
}

TEST_CASE("a damaged header is reported: a segment has its name only with a good one") {
  LogWorld world;
  world.start();
  world.append_synced("one");
  world.lose_power();
  SECTION("magic") {
    world.files.flip_bits("/wal/000001.log", 0, 1);
    CHECK_THAT(
        world.refused().message(),
        Catch::StartsWith("/wal/000001.log: segment header at offset 0: expected the magic"));
  }
  SECTION("a field") {
    world.files.flip_bits("/wal/000001.log", 24, 1);
    CHECK_THAT(world.refused().message(), Catch::Contains("expected checksum"));
  }
  SECTION("another number than the name") {
    REQUIRE(world.files.rename("/wal/000001.log", "/wal/000002.log").is_ok());
    CHECK_THAT(world.refused().message(), Catch::Contains("expected segment number 2, found 1"));
  }
  SECTION("a file too short for it") {
    REQUIRE(world.files.truncate("/wal/000001.log", 100).is_ok());
    CHECK_THAT(world.refused().message(), Catch::Contains("expected 4096 bytes, found 100"));
  }
  CHECK(world.refused().code() == StatusCode::CORRUPTION);
}

TEST_CASE("an unknown format version is refused, not guessed at") {
  LogWorld world;
  world.start();
  world.lose_power();
  world.damage("/wal/000001.log", 8, std::string("\x02\0\0\0", 4));
  const Status status = world.refused();
  CHECK(status.code() == StatusCode::FORMAT_UNSUPPORTED);
  CHECK_THAT(status.message(), Catch::Contains("expected format version 1, found 2"));
}

TEST_CASE("recovery starts where the caller says, also beyond a tail that was given up") {
  LogWorld world;
  world.start();
  world.append_synced("one");
  const LogPosition second = world.log->end_position();
  world.append_synced("two");
  REQUIRE(world.log->rotate().is_ok());
  world.append_synced("three");
  world.kill();
  CHECK(recover(world.files, "/wal", {second, {}}).value().payloads == Payloads{"two", "three"});
  const LogPosition beyond{1, second.offset + record_size(3)};
  CHECK(recover(world.files, "/wal", {beyond, {}}).value().payloads == Payloads{"three"});
  CHECK(recover(world.files, "/wal", {{1, 16000}, {}}).value().payloads == Payloads{"three"});
  CHECK(world.refused({{2, 999'999'000}, {}}).code() == StatusCode::CORRUPTION);
}

TEST_CASE("an error of the callback stops the recovery and comes back") {
  LogWorld world;
  world.start();
  for (const char* payload : {"one", "two"}) world.append_synced(payload);
  world.kill();
  int calls = 0;
  const auto end = recover_log(world.files, "/wal", {}, [&](std::string_view, LogPosition) {
    ++calls;
    return Status(StatusCode::CORRUPTION, "a batch that cannot be read");
  });
  CHECK(calls == 1);
  CHECK(end.error().message() == "a batch that cannot be read");
}

TEST_CASE("other files in the directory do not matter") {
  LogWorld world;
  world.start();
  world.append_synced("one");
  for (const char* name : {"1.log", "0000001.log", "000000.log", "x.log", "000009.logs", "LOCK"}) {
    REQUIRE(world.files.create(std::string("/wal/") + name).has_value());
  }
  world.kill();
  CHECK(world.start().payloads == Payloads{"one"});
}

}  // namespace
}  // namespace kvhost::engine::testing
