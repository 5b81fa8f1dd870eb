// What the writer promises while all is well, and what it refuses once something failed.
#include <atomic>
#include <catch2/catch.hpp>
#include <new>
#include <thread>
#include <utility>

#include "log_world.hpp"
#include "support/fault_file_system.hpp"
#include "support/intercepting_file_system.hpp"
#include "support/recording_file_system.hpp"

namespace kvhost::engine::testing {
namespace {

constexpr uint64_t kFirst = kSegmentHeaderSize;

// A world whose calls can be failed.
struct FaultyWorld : LogWorld {
  FaultFileSystem faults{files};

  Recovered start_faulty(const LogStart& from = {}) {
    const Recovered found = recover(faults, "/wal", from).value();
    ++options.incarnation_seed;
    log = std::move(LogWriter::open(faults, "/wal", options, found.end)).value();
    return found;
  }
};

// Memory runs out once, where a segment is about to get its name.
struct MemoryShortage : FileInterceptor {
  bool is_due = false;
  FileVerdict on_call(const FileCall& call) override {
    if (call.kind == "rename" && std::exchange(is_due, false)) throw std::bad_alloc();
    return {};
  }
};

TEST_CASE("memory that runs out while a segment is begun ends that attempt alone") {
  LogWorld world;
  MemoryShortage shortage;
  InterceptingFileSystem files(world.files, shortage);
  world.log = std::move(LogWriter::open(files, "/wal", world.options, LogEnd{})).value();
  const std::string big(6000, 'b');
  world.append(big);
  shortage.is_due = true;
  SECTION("ahead") { CHECK_THROWS_AS(world.log->prepare_next(), std::bad_alloc); }
  SECTION("on request") { CHECK_THROWS_AS(world.log->rotate(), std::bad_alloc); }
  SECTION("because the current one is full") {
    world.append(std::string(3000, 'b'));
    CHECK_THROWS_AS(world.log->append(big), std::bad_alloc);
  }
  REQUIRE(world.log->prepare_next().is_ok());
  REQUIRE(world.log->rotate().is_ok());
  world.append_synced("goes on");
  world.kill();
  CHECK(world.start().payloads.back() == "goes on");
}

TEST_CASE("positions advance by whole records and say what is durable") {
  LogWorld world;
  world.start();
  const LogPosition first = world.append("12345678");
  CHECK(first == LogPosition{1, kFirst + 32});
  CHECK(world.append("1") == LogPosition{1, kFirst + 64});
  CHECK(world.log->durable_position() == LogPosition{1, kFirst});
  REQUIRE(world.log->sync().is_ok());
  CHECK(world.log->durable_position() == world.log->end_position());
  CHECK(to_string(first) == "000001.log+4128");
}

TEST_CASE("a group is one write in one segment") {
  LogWorld world;
  RecordingFileSystem recorder(world.files, "/wal");
  world.log = std::move(LogWriter::open(recorder, "/wal", world.options, LogEnd{})).value();
  recorder.take();
  const std::vector<std::string_view> group{"one", "two", "three"};
  const uint64_t bytes = record_size(3) + record_size(3) + record_size(5);
  CHECK(world.log->append_group(group).value() == LogPosition{1, kFirst + bytes});
  CHECK(world.log->append_group({}).value() == LogPosition{1, kFirst + bytes});
  CHECK(recorder.take_text() == "write 000001.log 4096 " + std::to_string(bytes) + "\n");
  const std::string big(6000, 'b');
  REQUIRE(world.log->append(big).has_value());
  // Two of them fit, three do not: none of the group goes into the old segment.
  const std::vector<std::string_view> wide{big, big};
  CHECK(world.log->append_group(wide).value() ==
        LogPosition{2, kFirst + 2 * record_size(big.size())});
  world.kill();
  CHECK(world.start().payloads == Payloads{"one", "two", "three", big, big, big});
}

TEST_CASE("the order of calls: a segment gets its name only after its header is synced") {
  LogWorld world;
  RecordingFileSystem recorder(world.files, "/wal");
  world.log = std::move(LogWriter::open(recorder, "/wal", world.options, LogEnd{})).value();
  CHECK(recorder.take_text() ==
        "preallocate spare-000001 16384\n"
        "write spare-000001 0 4096\n"
        "sync spare-000001\n"
        "rename spare-000001 000001.log\n"
        "syncdir .\n");
  REQUIRE(world.log->prepare_spare().is_ok());
  REQUIRE(world.log->append(std::string(12'250, 'a')).has_value());
  REQUIRE(world.log->append("switches").has_value());
  REQUIRE(world.log->sync().is_ok());
  CHECK(recorder.take_text() ==
        "preallocate spare-000002 16384\n"
        "write 000001.log 4096 12280\n"
        "write spare-000002 0 4096\n"
        "sync spare-000002\n"
        "rename spare-000002 000002.log\n"
        "syncdir .\n"
        "write 000002.log 4096 32\n"
        "sync 000001.log\n"
        "sync 000002.log\n");
  REQUIRE(world.log->release_before({2, kFirst}).is_ok());
  CHECK(recorder.take_text() == "rename 000001.log spare-000003\n");
}

TEST_CASE("a segment begun ahead is entered without touching a file") {
  LogWorld world;
  RecordingFileSystem recorder(world.files, "/wal");
  world.log = std::move(LogWriter::open(recorder, "/wal", world.options, LogEnd{})).value();
  const std::string half(6200, 'h');
  CHECK_FALSE(world.log->needs_next());
  world.append(half);
  REQUIRE(world.log->needs_next());
  REQUIRE(world.log->prepare_next().is_ok());
  CHECK_FALSE(world.log->needs_next());
  CHECK(world.log->usage().segments == 2);
  CHECK(world.log->end_position().segment == 1);
  recorder.take();
  CHECK(world.append(half) == LogPosition{2, kFirst + record_size(half.size())});
  CHECK(recorder.take_text() == "write 000001.log 10320 6064\nwrite 000002.log 4096 6224\n");
  world.append_synced("more");
  world.lose_power();
  CHECK(world.start().payloads == Payloads{half, half, "more"});
}

TEST_CASE("a segment begun ahead is no part of a log that ended before it") {
  LogWorld world;
  world.start();
  world.append_synced(std::string(7000, 'a'));
  REQUIRE(world.log->prepare_next().is_ok());
  world.append_synced("last");
  const bool is_closed = GENERATE(false, true);
  if (is_closed) REQUIRE(world.log->close().is_ok());
  world.lose_power();
  CHECK(world.start().payloads == Payloads{std::string(7000, 'a'), "last"});
  CHECK(world.log->end_position() == LogPosition{3, kFirst});
  world.append_synced("later");
  world.lose_power();
  CHECK(world.start().payloads == Payloads{std::string(7000, 'a'), "last", "later"});
}

TEST_CASE("a log that goes on elsewhere leaves the segment begun ahead aside") {
  LogWorld world;
  world.start();
  world.append(std::string(7000, 'a'));
  REQUIRE(world.log->prepare_next().is_ok());
  const std::string huge(100'000, 'h');
  SECTION("a record is too large for it") {
    world.append(huge);
    CHECK(world.log->end_position().segment == 3);
  }
  SECTION("the log is rotated") {
    REQUIRE(world.log->rotate().is_ok());
    world.append(huge);
  }
  REQUIRE(world.log->sync().is_ok());
  world.lose_power();
  CHECK(world.start().payloads == Payloads{std::string(7000, 'a'), huge});
  REQUIRE(world.log->release_before(world.log->end_position()).is_ok());
  CHECK(world.log->usage().segments == 1);
}

TEST_CASE("damage before the segment begun ahead is damage") {
  LogWorld world;
  world.start();
  world.append_synced(std::string(7000, 'a'));
  REQUIRE(world.log->prepare_next().is_ok());
  world.append(std::string(7000, 'b'));
  REQUIRE(world.log->sync().is_ok());
  world.lose_power();
  world.damage("/wal/000001.log", kFirst + 100, "x");
  CHECK(world.refused().code() == StatusCode::CORRUPTION);
}

TEST_CASE("a record larger than a segment gets a segment of its own size") {
  LogWorld world;
  world.start();
  world.append("small");
  const std::string huge(106'496 - kFirst - kRecordHeaderSize, 'h');
  world.append(huge);
  CHECK(world.log->end_position() == LogPosition{2, 106'496});
  world.append("after");
  CHECK(world.log->end_position().segment == 3);
  CHECK(world.files.file_size("/wal/000002.log").value() == 106'496);
  REQUIRE(world.log->sync().is_ok());
  world.lose_power();
  CHECK(world.start().payloads == Payloads{"small", huge, "after"});
}

TEST_CASE("a record above the limit is refused and harms nothing") {
  LogWorld world;
  world.start();
  // The bytes are never looked at, so none need to be there.
  const char* const claimed = "x";
  const std::vector<std::string_view> group(3, std::string_view(claimed, kMaxLogRecord / 2));
  const auto refused = world.log->append_group(group);
  CHECK(refused.error().code() == StatusCode::TOO_LARGE);
  world.append_synced("fine");
  world.lose_power();
  CHECK(world.start().payloads == Payloads{"fine"});
}

TEST_CASE("a recycled segment never replays the records of its former life") {
  LogWorld world;
  world.start();
  LogPosition from;
  // Equal records at equal offsets, so that only the incarnation tells the lives apart.
  for (int life = 0; life < 6; ++life) {
    for (int i = 0; i < 10; ++i) world.append("the same bytes every time");
    REQUIRE(world.log->sync().is_ok());
    from = world.log->end_position();
    REQUIRE(world.log->rotate().is_ok());
    REQUIRE(world.log->release_before(world.log->end_position()).is_ok());
    from = world.log->end_position();
  }
  CHECK(world.log->usage().segments == 1);
  CHECK(world.log->usage().spares == 1);
  world.append_synced("new");
  world.lose_power();
  const Recovered found = world.start({from, {}});
  CHECK(found.payloads == Payloads{"new"});
  CHECK(found.end.discarded_bytes == 0);
}

TEST_CASE("spares: one is kept ready, few are kept, a restart takes them in") {
  LogWorld world;
  world.start();
  CHECK(world.log->needs_spare());
  REQUIRE(world.log->prepare_spare().is_ok());
  REQUIRE(world.log->prepare_spare().is_ok());
  CHECK_FALSE(world.log->needs_spare());
  CHECK(world.log->usage().spares == 1);
  for (int i = 0; i < 6; ++i) {
    world.append("record");
    REQUIRE(world.log->rotate().is_ok());
  }
  CHECK(world.log->usage().segments == 7);
  CHECK(world.log->usage().bytes == 7 * 16384);
  const LogPosition from = world.log->end_position();
  REQUIRE(world.log->release_before(from).is_ok());
  CHECK(world.log->usage().segments == 1);
  CHECK(world.log->usage().spares == 2);
  REQUIRE(world.files.sync_directory("/wal").is_ok());
  world.lose_power();
  // A spare that a crash cut short is of no use.
  REQUIRE(world.files.create("/wal/spare-000099").has_value());
  world.start({from, {}});
  CHECK(world.log->usage().spares == 1);
  CHECK_FALSE(world.files.exists("/wal/spare-000099").value());
  REQUIRE(world.log->release_before(world.log->end_position()).is_ok());
  CHECK(world.log->usage().segments == 1);
}

TEST_CASE("a failed sync is remembered: no later append or sync on that file succeeds") {
  FaultyWorld world;
  world.start_faulty();
  world.append_synced("acknowledged");
  const LogPosition durable = world.log->durable_position();
  world.faults.fail("sync *.log nth=1 once EIO");
  world.append("never acknowledged");
  const Status failed = world.log->sync();
  CHECK(failed.code() == StatusCode::IO_ERROR);
  CHECK_THAT(failed.message(), Catch::Contains("/wal/000001.log: sync"));
  // The disk is well again; the file's pages are not.
  CHECK(world.faults.faults() == 1);
  CHECK(world.log->sync().code() == StatusCode::IO_ERROR);
  CHECK_THAT(world.log->sync().message(), Catch::Contains(failed.message()));
  CHECK(world.log->append("refused").error().code() == StatusCode::IO_ERROR);
  CHECK(world.log->close().code() == StatusCode::IO_ERROR);
  CHECK(world.log->durable_position() == durable);

  SECTION("a new segment goes on from what was durable; failed bytes never count") {
    REQUIRE(world.log->rotate().is_ok());
    world.append_synced("resumed");
    world.kill();
    CHECK(world.start().payloads == Payloads{"acknowledged", "resumed"});
  }
  SECTION("a crash before that keeps what was acknowledged") {
    world.lose_power();
    CHECK(world.start().payloads == Payloads{"acknowledged"});
  }
}

TEST_CASE("a failed write is remembered in the same way") {
  FaultyWorld world;
  world.start_faulty();
  world.append_synced("acknowledged");
  world.faults.fail("write *.log nth=1 once short");
  CHECK(world.log->append("half of it is written").error().code() == StatusCode::IO_ERROR);
  CHECK(world.log->append("refused").error().code() == StatusCode::IO_ERROR);
  CHECK(world.log->sync().code() == StatusCode::IO_ERROR);
  REQUIRE(world.log->rotate().is_ok());
  world.append_synced("resumed");
  world.lose_power();
  CHECK(world.start().payloads == Payloads{"acknowledged", "resumed"});
}

TEST_CASE("a segment whose sync or write failed is removed, never recycled") {
  FaultyWorld world;
  world.start_faulty();
  world.append("lost");
  world.faults.fail("sync *.log nth=1 once EIO");
  REQUIRE_FALSE(world.log->sync().is_ok());
  REQUIRE(world.log->rotate().is_ok());
  REQUIRE(world.log->release_before(world.log->end_position()).is_ok());
  CHECK(world.files.list("/wal").value() == std::vector<std::string>{"000002.log"});
}

TEST_CASE("a full disk stops appends, loses nothing and lets go by rotate()") {
  FaultyWorld world;
  world.start_faulty();
  const std::string kept(400, 'k');
  world.append(kept);
  world.faults.fail("preallocate * nth=1 always ENOSPC");
  const std::string big(12'000, 'b');
  const auto full = world.log->append(big);
  CHECK(full.error().code() == StatusCode::NO_SPACE);
  CHECK(world.log->append("small, but in order").error().code() == StatusCode::NO_SPACE);
  CHECK(world.log->rotate().code() == StatusCode::NO_SPACE);
  CHECK(world.log->prepare_spare().code() == StatusCode::NO_SPACE);
  // What was appended before can still be made durable.
  CHECK(world.log->sync().is_ok());
  CHECK(world.log->durable_position() == world.log->end_position());
  CHECK(world.log->usage().segments == 1);

  world.faults.heal();
  REQUIRE(world.log->rotate().is_ok());
  world.append_synced(big);
  CHECK(world.log->end_position().segment == 2);
  world.lose_power();
  CHECK(world.start().payloads == Payloads{kept, big});
}

TEST_CASE("with a spare at hand a full disk is not even noticed") {
  FaultyWorld world;
  world.start_faulty();
  REQUIRE(world.log->prepare_spare().is_ok());
  world.faults.fail("preallocate * nth=1 always ENOSPC");
  world.append(std::string(12'250, 'a'));
  world.append_synced("in the spare");
  CHECK(world.log->end_position().segment == 2);
}

TEST_CASE("a full disk at the sync is no soft error: the kernel had accepted the bytes") {
  FaultyWorld world;
  world.start_faulty();
  world.append("lost");
  world.faults.fail("sync *.log nth=1 once ENOSPC");
  CHECK(world.log->sync().code() == StatusCode::IO_ERROR);
}

TEST_CASE("a directory that cannot be synced stops the switch, not what was before it") {
  FaultyWorld world;
  world.start_faulty();
  world.append("before");
  world.faults.fail("syncdir * nth=1 once EIO");
  CHECK(world.log->append(std::string(13'000, 'b')).error().code() == StatusCode::IO_ERROR);
  CHECK(world.log->sync().is_ok());
  REQUIRE(world.log->rotate().is_ok());
  // Segment 2 is in the directory, perhaps for ever: its number is not used twice.
  CHECK(world.log->end_position() == LogPosition{3, kFirst});
  world.append_synced("after");
  world.lose_power();
  CHECK(world.start().payloads == Payloads{"before", "after"});
}

TEST_CASE("rotate() of a fresh segment does nothing") {
  LogWorld world;
  world.start();
  REQUIRE(world.log->rotate().is_ok());
  CHECK(world.log->end_position() == LogPosition{1, kFirst});
}

TEST_CASE("options out of bounds are refused") {
  LogWorld world;
  world.options.segment_size = GENERATE(uint64_t{4096}, uint64_t{10'000});
  const auto log = LogWriter::open(world.files, "/wal", world.options, LogEnd{});
  CHECK(log.error().code() == StatusCode::INVALID_ARGUMENT);
}

TEST_CASE("one thread syncs while another appends, a third looks on and prepares spares") {
  LogWorld world;
  world.start();
  std::atomic<bool> finished{false};
  // Catch's checks belong to the main thread.
  std::atomic<int> faults{0};
  std::thread syncer([&] {
    while (!finished.load()) {
      if (!world.log->sync().is_ok()) ++faults;
      if (world.log->durable_position() > world.log->end_position()) ++faults;
    }
  });
  std::thread observer([&] {
    while (!finished.load()) {
      if (world.log->needs_spare() && !world.log->prepare_spare().is_ok()) ++faults;
      if (world.log->usage().segments == 0) ++faults;
      std::this_thread::yield();
    }
  });
  Payloads expected;
  for (int i = 0; i < 3000; ++i) {
    expected.push_back("record " + std::to_string(i));
    const LogPosition end = world.append(expected.back());
    // The waiter of a group: durable once the position is reached.
    while (i % 500 == 0 && world.log->durable_position() < end) std::this_thread::yield();
    if (i % 700 == 0) REQUIRE(world.log->rotate().is_ok());
  }
  finished.store(true);
  syncer.join();
  observer.join();
  CHECK(faults.load() == 0);
  REQUIRE(world.log->sync().is_ok());
  world.lose_power();
  CHECK(world.start().payloads == expected);
}

TEST_CASE("segments are released by another thread while records are appended and synced") {
  LogWorld world;
  world.start();
  std::atomic<bool> finished{false};
  std::atomic<int> faults{0};
  std::atomic<uint64_t> released{0};
  std::thread flusher([&] {
    while (!finished.load()) {
      const LogPosition stored = world.log->durable_position();
      if (!world.log->release_before(stored).is_ok()) ++faults;
      released.store(stored.segment);
      std::this_thread::yield();
    }
  });
  Payloads expected;
  for (int i = 0; i < 2000; ++i) {
    expected.push_back("record " + std::to_string(i));
    world.append(expected.back());
    if (i % 10 == 0) REQUIRE(world.log->sync().is_ok());
  }
  REQUIRE(world.log->sync().is_ok());
  finished.store(true);
  flusher.join();
  CHECK(faults.load() == 0);
  world.lose_power();
  const Recovered found = world.start({{released.load(), 0}, {}});
  REQUIRE_FALSE(found.payloads.empty());
  const Payloads kept(expected.end() - static_cast<std::ptrdiff_t>(found.payloads.size()),
                      expected.end());
  CHECK(found.payloads == kept);
}

}  // namespace
}  // namespace kvhost::engine::testing
