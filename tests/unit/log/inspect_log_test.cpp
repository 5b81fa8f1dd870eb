#include "kvhost/engine/inspect_log.hpp"

#include <catch2/catch.hpp>

#include "log_world.hpp"

namespace kvhost::engine::testing {
namespace {

struct Seen {
  LogSegmentInfo info;
  std::vector<std::string> lines;
  std::vector<std::string> payloads;
};

Seen inspect(LogWorld& world, const std::string& path) {
  Seen seen;
  const auto info = inspect_log_segment(world.files, path, [&](const LogEntryInfo& entry) {
    seen.lines.push_back(std::string(to_string(entry.state)) + " " + std::to_string(entry.offset) +
                         " " + std::to_string(entry.bytes) +
                         (entry.problem.empty() ? "" : ": " + entry.problem));
    if (entry.state == LogEntryState::kRecord) seen.payloads.emplace_back(entry.payload);
    return true;
  });
  seen.info = info.value();
  return seen;
}

TEST_CASE("a sound segment shows its records, its mark and its end") {
  LogWorld world;
  world.start();
  world.append_synced("one");
  world.append("two, longer");
  REQUIRE(world.log->close().is_ok());
  const Seen seen = inspect(world, "/wal/000001.log");
  CHECK(seen.lines ==
        std::vector<std::string>{"record 4096 32", "record 4128 40", "mark 4168 24",
                                 "end 4192 12192: expected a record header, found zeros"});
  CHECK(seen.payloads == Payloads{"one", "two, longer"});
  CHECK(seen.info.number == 1);
  CHECK(seen.info.format_version == 1);
  CHECK(seen.info.file_bytes == 16384);
  CHECK(seen.info.records == 2);
  CHECK(seen.info.payload_bytes == 14);
  CHECK(seen.info.damaged_bytes == 0);
}

TEST_CASE("damage and a torn end are shown with what lies around them") {
  LogWorld world;
  world.start();
  world.append_synced("one");
  world.append_synced("two");
  world.append_synced("three");
  world.append(std::string(500, 't'));
  REQUIRE(world.log->sync().is_ok());
  world.files.flip_bits("/wal/000001.log", 4128 + kRecordHeaderSize, 1);
  world.damage("/wal/000001.log", 4192 + 300, std::string(100, '\0'));
  const Seen seen = inspect(world, "/wal/000001.log");
  REQUIRE(seen.lines.size() == 4);
  CHECK(seen.lines[0] == "record 4096 32");
  CHECK_THAT(seen.lines[1], Catch::StartsWith("damaged 4128 32: expected checksum "));
  CHECK(seen.lines[2] == "record 4160 32");
  CHECK_THAT(seen.lines[3], Catch::StartsWith("torn 4192 12192: expected checksum "));
  CHECK(seen.payloads == Payloads{"one", "three"});
  CHECK(seen.info.damaged_bytes == 32);
}

TEST_CASE("a second segment names the one before it, the walk stops when told to") {
  LogWorld world;
  world.start();
  const LogPosition end = world.append("one");
  REQUIRE(world.log->rotate().is_ok());
  world.append("two");
  world.append("three");
  int calls = 0;
  const auto info = inspect_log_segment(world.files, "/wal/000002.log", [&](const LogEntryInfo&) {
    ++calls;
    return false;
  });
  CHECK(calls == 1);
  CHECK(info.value().previous_segment == 1);
  CHECK(info.value().previous_end == end.offset);
}

TEST_CASE("a file that is no segment is refused") {
  LogWorld world;
  auto file = std::move(world.files.create("/wal/notes.txt")).value();
  REQUIRE(file->append(std::string(5000, 'n')).is_ok());
  const auto info =
      inspect_log_segment(world.files, "/wal/notes.txt", [](const LogEntryInfo&) { return true; });
  CHECK(info.error().code() == StatusCode::CORRUPTION);
}

}  // namespace
}  // namespace kvhost::engine::testing
