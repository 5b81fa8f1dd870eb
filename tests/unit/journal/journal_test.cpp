// The journal's promises, one story each.
#include "kvhost/engine/journal.hpp"

#include <catch2/catch.hpp>

#include "journal_world.hpp"
#include "support/fault_file_system.hpp"

namespace kvhost::engine::testing {
namespace {

using Catch::Matchers::Contains;

TEST_CASE("a new journal is empty and begins with index 1") {
  JournalWorld world;
  world.open();
  CHECK(world.journal->first() == 1);
  CHECK(world.journal->last() == 0);
  const auto slice = world.journal->read(1, 100);
  REQUIRE(slice.has_value());
  CHECK(slice->entries.empty());
}

TEST_CASE("what was acknowledged is there after a power cut") {
  JournalWorld world;
  world.open();
  world.append(1, 5, 1);
  CHECK(world.journal->durable() == 5);
  world.crash();
  world.open();
  CHECK(world.held() == "1/1 2/1 3/1 4/1 5/1");
  world.append(6, 6, 2);
  world.crash();
  world.open();
  CHECK(world.held() == "1/1 2/1 3/1 4/1 5/1 6/2");
}

TEST_CASE("an entry that does not follow is refused with the index that would") {
  JournalWorld world;
  world.open();
  world.append(1, 2, 1);
  const Status gap = append_and_wait(*world.journal, 4, 1);
  CHECK(gap.code() == StatusCode::INVALID_ARGUMENT);
  CHECK_THAT(gap.message(), Contains("expected index 3, found 4"));
  CHECK(append_and_wait(*world.journal, 2, 1).code() == StatusCode::INVALID_ARGUMENT);
  CHECK(world.held() == "1/1 2/1");
}

TEST_CASE("entries are read from disk when the tail no longer holds them") {
  JournalWorld world;
  world.open();
  world.append(1, 400, 3, 500);
  const auto found = contents(*world.journal, 5000);
  REQUIRE(found.has_value());
  CHECK(found->size() == 400);
  const auto one = world.journal->read(7, 1);
  REQUIRE(one.has_value());
  REQUIRE(one->entries.size() == 1);
  CHECK(one->entries[0].index == 7);
  CHECK(one->entries[0].payload == payload_of(7, 3, 500));
  CHECK(world.journal->read(401, 100)->entries.empty());
}

TEST_CASE("an entry larger than a segment has one of its own") {
  JournalWorld world;
  world.open();
  world.append(1, 1, 1);
  world.append(2, 2, 1, 100'000);
  world.append(3, 3, 1);
  world.crash();
  world.open();
  CHECK(world.held() == "1/1 2/1 3/1");
}

TEST_CASE("a cut above is durable at return, and other entries take the place") {
  JournalWorld world;
  world.open();
  world.append(1, 6, 1);
  REQUIRE(world.journal->truncate_after(3).is_ok());
  CHECK(world.journal->last() == 3);
  world.crash();
  world.open();
  CHECK(world.held() == "1/1 2/1 3/1");
  world.append(4, 7, 2);
  REQUIRE(world.journal->truncate_after(5).is_ok());
  world.append(6, 6, 3);
  CHECK(world.held() == "1/1 2/1 3/1 4/2 5/2 6/3");
  world.crash();
  world.open();
  CHECK(world.held() == "1/1 2/1 3/1 4/2 5/2 6/3");
}

TEST_CASE("cut entries do not come back from disk, however the log lies") {
  JournalWorld world;
  world.open();
  uint64_t last = 0;
  for (uint64_t term = 1; term <= 30; ++term) {
    world.append(last + 1, last + 20, term, 300);
    REQUIRE(world.journal->truncate_after(last + 13).is_ok());
    last += 13;
  }
  const std::string before = world.held();
  CHECK_THAT(before, Contains(" 13/1 14/2 ") && Contains(" 26/2 27/3 "));
  world.crash();
  world.open();
  CHECK(world.held() == before);
}

TEST_CASE("a cut below the first entry held is refused") {
  JournalWorld world;
  world.open();
  world.append(1, 10, 1);
  REQUIRE(world.journal->truncate_before(5).is_ok());
  CHECK(world.journal->truncate_after(3).code() == StatusCode::INVALID_ARGUMENT);
  REQUIRE(world.journal->truncate_after(4).is_ok());
  CHECK(world.journal->last() == 4);
  world.append(5, 5, 2);
  CHECK(world.held() == "5/2");
}

TEST_CASE("what is cut below is gone for readers, and whole segments go from the disk") {
  JournalWorld world;
  world.open();
  world.append(1, 300, 1, 500);
  const uint64_t before = world.journal->disk_bytes();
  REQUIRE(world.journal->truncate_before(290).is_ok());
  const auto gone = world.journal->read(289, 100);
  REQUIRE_FALSE(gone.has_value());
  CHECK(gone.error().code() == StatusCode::COMPACTED);
  CHECK_THAT(gone.error().message(), Contains("the first one held is 290"));
  world.append(301, 301, 1);
  for (int i = 0; i < 10'000 && world.journal->disk_bytes() * 4 > before; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  CHECK(world.journal->disk_bytes() * 4 <= before);
  world.crash();
  world.open();
  CHECK(world.journal->first() == 290);
  CHECK(world.journal->last() == 301);
  CHECK(contents(*world.journal)->size() == 12);
}

TEST_CASE("a skip ahead empties the journal") {
  JournalWorld world;
  world.open();
  world.append(1, 4, 1);
  REQUIRE(world.journal->truncate_before(100).is_ok());
  CHECK(world.journal->first() == 100);
  CHECK(world.journal->last() == 99);
  world.append(100, 102, 5);
  world.crash();
  world.open();
  CHECK(world.held() == "100/5 101/5 102/5");
  REQUIRE(world.journal->truncate_before(103).is_ok());
  CHECK(world.journal->last() == 102);
  world.append(103, 103, 6);
  world.crash();
  world.open();
  CHECK(world.held() == "103/6");
}

TEST_CASE("values are durable at return and replaced atomically") {
  JournalWorld world;
  world.open();
  CHECK_FALSE(world.journal->get_meta("vote").has_value());
  REQUIRE(world.journal->put_meta("vote", "node2 in term 7").is_ok());
  REQUIRE(world.journal->put_meta("epoch", std::string("\0\x01", 2)).is_ok());
  REQUIRE(world.journal->put_meta("vote", "node3 in term 8").is_ok());
  world.crash();
  world.open();
  CHECK(world.journal->get_meta("vote") == "node3 in term 8");
  CHECK(world.journal->get_meta("epoch") == std::string("\0\x01", 2));
  CHECK(world.journal->put_meta("", "x").code() == StatusCode::INVALID_ARGUMENT);
  CHECK(world.journal->put_meta("big", std::string(kMaxJournalMetaValue + 1, 'x')).code() ==
        StatusCode::INVALID_ARGUMENT);
}

TEST_CASE("values outlive the segments that go") {
  JournalWorld world;
  world.open();
  REQUIRE(world.journal->put_meta("epoch", "3").is_ok());
  world.append(1, 200, 1, 500);
  REQUIRE(world.journal->truncate_before(200).is_ok());
  world.append(201, 260, 1, 500);
  REQUIRE(world.journal->close().is_ok());
  world.crash();
  world.open();
  CHECK(world.journal->get_meta("epoch") == "3");
  CHECK(world.journal->first() == 200);
  CHECK(world.journal->last() == 260);
}

TEST_CASE("a failed sync refuses everything from then on, with its cause") {
  JournalWorld world;
  FaultFileSystem faults(world.files);
  REQUIRE(world.try_open(faults).is_ok());
  REQUIRE(append_and_wait(*world.journal, 1, 1).is_ok());
  faults.fail("sync *.log nth=1 once EIO");
  const Status failed = append_and_wait(*world.journal, 2, 1);
  CHECK(failed.code() == StatusCode::IO_ERROR);
  for (int i = 0; i < 3; ++i) {
    const Status refused = append_and_wait(*world.journal, 3, 1);
    CHECK(refused.code() == StatusCode::IO_ERROR);
    CHECK_THAT(refused.message(), Contains("since an earlier failure"));
  }
  CHECK(world.journal->truncate_after(1).code() == StatusCode::IO_ERROR);
  CHECK(world.journal->durable() == 1);
  CHECK(faults.faults() == 1);
  world.crash();
  world.open();
  CHECK(world.journal->last() >= 1);
}

TEST_CASE("a full disk refuses what it cannot hold and goes on when there is room") {
  JournalWorld world;
  FaultFileSystem faults(world.files);
  REQUIRE(world.try_open(faults).is_ok());
  REQUIRE(append_and_wait(*world.journal, 1, 1).is_ok());
  faults.fail("write *.log nth=1 always ENOSPC");
  CHECK(append_and_wait(*world.journal, 2, 1).code() == StatusCode::NO_SPACE);
  CHECK(world.journal->last() == 1);
  CHECK(append_and_wait(*world.journal, 2, 1).code() == StatusCode::NO_SPACE);
  faults.heal();
  REQUIRE(append_and_wait(*world.journal, 2, 2).is_ok());
  REQUIRE(append_and_wait(*world.journal, 3, 2).is_ok());
  CHECK(world.held() == "1/1 2/2 3/2");
  world.crash();
  world.open();
  CHECK(world.held() == "1/1 2/2 3/2");
}

TEST_CASE("a skip ahead that a full disk kept out is made good by the next append") {
  JournalWorld world;
  FaultFileSystem faults(world.files);
  REQUIRE(world.try_open(faults).is_ok());
  REQUIRE(append_and_wait(*world.journal, 1, 1).is_ok());
  faults.fail("write *.log nth=1 always ENOSPC");
  REQUIRE(world.journal->truncate_before(50).is_ok());
  CHECK(append_and_wait(*world.journal, 50, 4).code() == StatusCode::NO_SPACE);
  faults.heal();
  REQUIRE(append_and_wait(*world.journal, 50, 4).is_ok());
  world.crash();
  world.open();
  CHECK(world.held() == "50/4");
}

TEST_CASE("damage inside the journal is named and refused, a torn tail is not") {
  JournalWorld world;
  world.open();
  world.append(1, 10, 1);
  REQUIRE(world.journal->close().is_ok());
  world.crash();
  world.files.flip_bits("/data/journals/log/000001.log", 4096 + 30, 0x10);
  const Status refused = world.try_open(world.files);
  CHECK(refused.code() == StatusCode::CORRUPTION);
  CHECK_THAT(refused.message(), Contains("000001.log") && Contains("offset 4096"));
}

TEST_CASE("a damaged META is named and refused") {
  JournalWorld world;
  world.open();
  REQUIRE(world.journal->put_meta("epoch", "3").is_ok());
  world.crash();
  world.files.flip_bits("/data/journals/log/META", 20, 1);
  const Status refused = world.try_open(world.files);
  CHECK(refused.code() == StatusCode::CORRUPTION);
  CHECK_THAT(refused.message(), Contains("META") && Contains("checksum"));
}

TEST_CASE("appends that wait for the disk are bounded") {
  JournalWorld world;
  world.options.max_pending_bytes = 1000;
  world.open();
  // One append is taken whatever its size.
  CHECK(append_and_wait(*world.journal, 1, 1, 5000).is_ok());
  const std::string payload(600, 'x');
  std::promise<void> gate;
  auto opened = gate.get_future().share();
  std::promise<void> blocked;
  const JournalEntry first{2, 1, payload};
  REQUIRE(world.journal
              ->append(std::span(&first, 1),
                       [&blocked, opened](const Status&) {
                         blocked.set_value();
                         opened.wait();
                       })
              .is_ok());
  blocked.get_future().wait();
  // The writer is held up in the callback: what comes now stays queued.
  const JournalEntry second{3, 1, payload};
  const JournalEntry third{4, 1, payload};
  REQUIRE(world.journal->append(std::span(&second, 1), nullptr).is_ok());
  const Status refused = world.journal->append(std::span(&third, 1), nullptr);
  CHECK(refused.code() == StatusCode::OVERLOADED);
  gate.set_value();
  REQUIRE(world.journal->close().is_ok());
}

}  // namespace
}  // namespace kvhost::engine::testing
