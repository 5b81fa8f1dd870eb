#include "compaction/job_executor.hpp"

#include <catch2/catch.hpp>

#include "compaction_story.hpp"
#include "support/fault_file_system.hpp"
#include "tables_on_disk.hpp"

using namespace kvhost;
using namespace kvhost::engine;
using namespace kvhost::engine::test;
using Catch::Contains;
using kvhost::engine::testing::CrashFileSystem;
using kvhost::engine::testing::FaultFileSystem;

namespace {

const std::vector<std::string> kKeys = {"a", "b", "c", "d", "e", "x"};

// Two overlapping flushes; returns their numbers.
std::vector<uint64_t> two_flushes(TestDatabase& database) {
  for (const std::string& key : kKeys) database.put(key, "old " + key);
  const uint64_t first = database.flush();
  database.put("a", "new a");
  database.erase("b");
  database.erase_range("c", "e");
  return {first, database.flush()};
}

}  // namespace

TEST_CASE("merge: two flushes become one run, and the books balance") {
  TestDatabase database;
  const auto inputs = two_flushes(database);
  const auto result = database.run(merge_of(inputs, 3));
  REQUIRE(result);
  CHECK(result->counts.entries_in == 8);
  CHECK(result->counts.entries_out == 3);
  CHECK(result->counts.dropped_shadowed == 2);
  CHECK(result->counts.dropped_deleted == 3);
  CHECK(result->files_out == 1);
  const VersionPtr version = database.versions->current();
  REQUIRE(version->runs().size() == 1);
  CHECK(version->runs()[0]->level() == 3);
  CHECK(version->runs()[0]->files()[0]->metadata().range_deletes == 0);
  database.check_visible(kKeys);
}

TEST_CASE("merge: a result of nothing leaves no run behind") {
  TestDatabase database;
  database.put("k", "v");
  const uint64_t first = database.flush();
  database.erase_range("a", "z");
  const uint64_t second = database.flush();
  const auto result = database.run(merge_of({first, second}, 6));
  REQUIRE(result);
  CHECK(result->files_out == 0);
  CHECK(database.versions->current()->runs().empty());
}

TEST_CASE("merge: a snapshot keeps what it sees until it is released") {
  TestDatabase database;
  database.put("k", "first");
  database.host.hold_snapshot(1);
  database.erase("k");
  const uint64_t file = database.flush();
  auto result = database.run(merge_of({file}, 6));
  REQUIRE(result);
  CHECK(result->counts.entries_out == 2);
  database.check_visible({"k"});
  database.host.release_snapshot(1);
  result = database.run(merge_of(database.all_files(), 6));
  REQUIRE(result);
  CHECK(result->counts.entries_out == 0);
}

TEST_CASE("merge: a tombstone stays above older data and goes at the bottom") {
  TestDatabase database;
  database.put("k", "old");
  database.put("other", "v");
  REQUIRE(database.run(merge_of({database.flush()}, 6)));
  const uint64_t bottom_run = database.versions->current()->runs()[0]->id();
  database.erase("k");
  const uint64_t tombstone = database.flush();
  auto result = database.run(merge_of({tombstone}, 2));
  REQUIRE(result);
  CHECK(result->counts.entries_out == 1);
  database.check_visible({"k"});
  result = database.run(merge_of(database.all_files(), 6, bottom_run));
  REQUIRE(result);
  CHECK(result->counts.entries_out == 1);
  CHECK(database.all_files().size() == 1);
  database.check_visible({"k", "other"});
}

TEST_CASE("merge: an expired put never uncovers the older value") {
  TestDatabase database;
  database.put("k", "for ever");
  REQUIRE(database.run(merge_of({database.flush()}, 6)));
  database.put("k", "short-lived", 50);
  const uint64_t file = database.flush();
  database.host.set_now(50);
  const auto result = database.run(merge_of({file}, 2));
  REQUIRE(result);
  CHECK(result->counts.rewritten_expired == 1);
  const auto& above = database.versions->current()->runs()[0]->files()[0]->metadata();
  CHECK(above.tombstones == 1);
  CHECK(above.ttl_entries == 0);
  database.check_visible({"k"});
}

TEST_CASE("merge: outputs are cut by size and never between versions of a key") {
  TestDatabase database;
  for (int i = 0; i < 200; ++i) {
    const std::string key = "key" + std::to_string(100 + i);
    for (int version = 0; version < 3; ++version) {
      database.put(key, std::string(400, static_cast<char>('a' + version)));
      database.host.hold_snapshot(database.next_sequence - 1);
    }
  }
  Job job = merge_of({database.flush()}, 4);
  job.split_file_bytes = 20 << 10;
  const auto result = database.run(job);
  REQUIRE(result);
  CHECK(result->files_out > 8);
  CHECK(result->counts.entries_out == 600);
  const SortedRun& run = *database.versions->current()->runs()[0];
  for (const TableFilePtr& file : run.files()) CHECK(file->metadata().entries % 3 == 0);
  static_cast<void>(database.stored());
}

TEST_CASE("move: only the MANIFEST changes, the table stays what it was") {
  TestDatabase database;
  const auto inputs = two_flushes(database);
  Job job = merge_of({inputs[0]}, 5);
  job.type = JobType::kMove;
  REQUIRE(database.run(job));
  CHECK(database.all_files() == std::vector<uint64_t>{inputs[1], inputs[0]});
  database.versions->remove_obsolete_files();
  CHECK(tables_on_disk(database) == std::set<uint64_t>(inputs.begin(), inputs.end()));
  // The newer one may not pass it.
  job.inputs = {inputs[1]};
  job.target_level = 6;
  const auto refused = database.run(job);
  REQUIRE_FALSE(refused);
  CHECK_THAT(refused.error().message(), Contains("would pass"));
}

TEST_CASE("drops: only what the figures prove, or what the owner allowed") {
  TestDatabase database;
  database.put("a", "x", 100);
  database.put("b", "x", 200);
  const uint64_t file = database.flush();
  Job job = merge_of({file}, 0);
  job.type = JobType::kDropExpired;
  database.host.set_now(199);
  const auto early = database.run(job);
  REQUIRE_FALSE(early);
  CHECK_THAT(early.error().message(), Contains("the last at 200, it is 199"));
  database.host.set_now(200);
  const auto dropped = database.run(job);
  REQUIRE(dropped);
  CHECK(dropped->counts.dropped_expired == 2);
  CHECK(database.all_files().empty());

  const AdmissionRules strict{0, false};
  job.type = JobType::kDropOldestLossy;
  job.inputs = {1};
  CHECK_FALSE(place_job(*database.versions->current(), job, strict));
}

TEST_CASE("drop oldest: live data goes, but nothing deleted comes back") {
  TestDatabase database;
  database.put("a", "old");
  const uint64_t first = database.flush();
  database.erase("a");
  const uint64_t second = database.flush();
  Job job = merge_of({second}, 0);
  job.type = JobType::kDropOldestLossy;
  REQUIRE_FALSE(database.run(job));
  job.inputs = {first};
  const auto dropped = database.run(job);
  REQUIRE(dropped);
  CHECK(dropped->dropped_lossy == 1);
  CHECK(database.all_files() == std::vector<uint64_t>{second});
}

TEST_CASE("a job's policy state is installed with its result, and only then") {
  TestDatabase database;
  const auto inputs = two_flushes(database);
  Job job = merge_of(inputs, 3);
  job.policy_state = "round 7";
  REQUIRE(database.run(job));
  CHECK(database.versions->state().policy_state == "round 7");
  CHECK(database.versions->state().policy_name == "test");
}

TEST_CASE("merge: cancelled, it leaves nothing") {
  TestDatabase database;
  const auto inputs = two_flushes(database);
  JobControl control({});
  control.cancel();
  const auto result = database.executor.run(merge_of(inputs, 3), "test", control);
  REQUIRE_FALSE(result);
  CHECK(result.error().code() == StatusCode::CANCELLED);
  CHECK(tables_on_disk(database) == std::set<uint64_t>(inputs.begin(), inputs.end()));
}

TEST_CASE("merge: one that only drops can be stopped, too") {
  TestDatabase database;
  for (int i = 0; i < 100; ++i) database.put("k" + std::to_string(i), std::string(20'000, 'v'));
  database.erase_range("k", "l");
  const uint64_t file = database.flush();
  int asked = 0;
  JobControl control([&] {
    if (++asked == 3) control.cancel();
    return false;
  });
  const auto result = database.executor.run(merge_of({file}, 3), "test", control);
  REQUIRE_FALSE(result);
  CHECK(result.error().code() == StatusCode::CANCELLED);
  CHECK(asked == 3);
  CHECK(tables_on_disk(database) == std::set<uint64_t>{file});
}

TEST_CASE("merge: without the space for it, it does not begin") {
  TestDatabase database;
  const auto inputs = two_flushes(database);
  database.memory.set_capacity(200);
  const auto result = database.run(merge_of(inputs, 3));
  REQUIRE_FALSE(result);
  CHECK(result.error().code() == StatusCode::NO_SPACE);
  CHECK(tables_on_disk(database) == std::set<uint64_t>(inputs.begin(), inputs.end()));
}

TEST_CASE("merge: a damaged input is named and nothing is installed") {
  TestDatabase database;
  const auto inputs = two_flushes(database);
  const std::string path = table_path(TestDatabase::kPath, inputs[0]);
  const auto size = database.memory.file_size(path);
  REQUIRE(size);
  bool was_hit = false;
  for (uint64_t at = 40; at < 300; at += 20) {
    database.memory.flip_bits(path, at, 1);
    const auto result = database.run(merge_of(inputs, 3));
    if (!result) {
      was_hit = true;
      CHECK(result.error().code() == StatusCode::CORRUPTION);
      CHECK_THAT(result.error().message(), Contains(path));
      CHECK(database.all_files().size() == 2);
      break;
    }
    FAIL("damage at " << at << " was not noticed");
  }
  CHECK(was_hit);
}

TEST_CASE("merge: every call may fail once, the tree is as before or as after") {
  uint64_t faults = 1;
  for (uint64_t call = 1; faults > 0; ++call) {
    REQUIRE(call < 500);
    CrashFileSystem disk;
    FaultFileSystem files(disk);
    TestDatabase database(&files);
    const auto inputs = two_flushes(database);
    files.fail("* * nth=" + std::to_string(call) + " once EIO");
    const auto result = database.run(merge_of(inputs, 3));
    faults = files.faults();
    INFO("call " << call << ": " << (result ? "done" : result.error().to_string()));
    if (faults == 0) {
      CHECK(result);
    } else if (!result && database.versions->status().is_ok()) {
      CHECK(database.all_files().size() == 2);
      // But for a failed removal, which the next start makes good.
      CHECK(tables_on_disk(disk, TestDatabase::kPath).size() <= 3);
    }
    files.heal();
    REQUIRE(database.versions->resume().is_ok());
    database.check_visible(kKeys);
    if (!result) CHECK(database.run(merge_of(database.all_files(), 3)));
    database.check_visible(kKeys);
  }
}
