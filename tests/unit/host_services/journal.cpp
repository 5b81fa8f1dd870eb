// kvhost.journal/1 as a strategy meets it: through the sdk's face over the service's table.
#include "kvhost/journal.hpp"

#include <catch2/catch.hpp>
#include <future>

#include "services/journal_service.hpp"
#include "support/crash_file_system.hpp"
#include "support/fault_file_system.hpp"

namespace kvhost::host {
namespace {

using Catch::Matchers::Contains;
using engine::testing::CrashFileSystem;
using engine::testing::FaultFileSystem;

struct Service {
  Service() {
    REQUIRE(disk.create_directories("/data").is_ok());
    REQUIRE(disk.sync_directory("/").is_ok());
    service.unlock();
  }
  std::unique_ptr<Journal> open(std::string_view name = "raft") const {
    auto opened = Journal::open(service.table(), name);
    INFO(opened.status().to_string());
    REQUIRE(opened.has_value());
    return std::move(*opened);
  }

  CrashFileSystem disk;
  FaultFileSystem faults{disk};
  engine::JournalOptions options{16384, 4096, uint64_t{1} << 20};
  JournalService service{faults, "/data/journals", engine::null_logger(), options};
};

Status append(const Journal& journal, uint64_t index, std::string_view payload) {
  std::promise<Status> done;
  auto future = done.get_future();
  const JournalEntryView entry{index, 4, payload};
  journal.append({&entry, 1}, [&](const Status& status) { done.set_value(status); });
  return future.get();
}

std::string held(const Journal& journal, uint64_t from) {
  std::string text;
  const Status read = journal.read(from, 1 << 20, [&](const JournalEntryView& entry) {
    text += std::to_string(entry.index) + "=" + std::string(entry.payload) + " ";
  });
  return read ? text : read.to_string();
}

}  // namespace

TEST_CASE("a strategy appends, reads, cuts and stores values") {
  const Service host;
  const auto journal = host.open();
  CHECK(journal->opened().first == 1);
  CHECK(journal->opened().last == 0);
  for (uint64_t i = 1; i <= 4; ++i) REQUIRE(append(*journal, i, "p" + std::to_string(i)).is_ok());
  CHECK(held(*journal, 1) == "1=p1 2=p2 3=p3 4=p4 ");
  CHECK(held(*journal, 5).empty());
  REQUIRE(journal->truncate_after(3).is_ok());
  REQUIRE(journal->truncate_before(2).is_ok());
  CHECK(held(*journal, 2) == "2=p2 3=p3 ");
  CHECK_THAT(held(*journal, 1), Contains("the first one held is 2"));
  CHECK_FALSE(journal->get_meta("epoch")->has_value());
  REQUIRE(journal->put_meta("epoch", "7").is_ok());
  REQUIRE(journal->put_meta("empty", "").is_ok());
  CHECK(**journal->get_meta("epoch") == "7");
  const auto bounds = journal->bounds();
  CHECK(bounds.first == 2);
  CHECK(bounds.last == 3);
  CHECK(bounds.durable == 3);
  CHECK(bounds.disk_bytes >= 16384);
}

TEST_CASE("a journal that is opened again goes on where it was") {
  const Service host;
  {
    const auto journal = host.open();
    REQUIRE(append(*journal, 1, "kept").is_ok());
    CHECK(Journal::open(host.service.table(), "raft").error().code() == StatusCode::CONFLICT);
    // Another one beside it has nothing to do with it.
    const auto other = host.open("other");
    CHECK(other->opened().last == 0);
  }
  const auto journal = host.open();
  CHECK(journal->opened().last == 1);
  CHECK(held(*journal, 1) == "1=kept ");
}

TEST_CASE("refusals have words, and their callbacks come inside the call") {
  const Service host;
  const auto journal = host.open();
  CHECK_THAT(append(*journal, 9, "x").message(), Contains("expected index 1, found 9"));
  for (const char* const name : {"", "../evil", "Upper", "a/b"}) {
    CHECK(Journal::open(host.service.table(), name).error().code() == StatusCode::INVALID_ARGUMENT);
  }
  CHECK(Journal::open(static_cast<const kvh_journal*>(nullptr), "x").error().code() ==
        StatusCode::NOT_SUPPORTED);
}

TEST_CASE("journals are not opened before the data directory is locked, nor after the end") {
  Service host;
  host.service.close_all();
  const auto refused = Journal::open(host.service.table(), "raft");
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code() == StatusCode::STARTING);
  CHECK_THAT(refused.error().message(), Contains("not in create"));
}

TEST_CASE("a disk that fails under the journal is told to the strategy, and stays told") {
  Service host;
  const auto journal = host.open();
  REQUIRE(append(*journal, 1, "x").is_ok());
  host.faults.fail("sync *.log nth=1 once EIO");
  CHECK(append(*journal, 2, "y").code() == StatusCode::IO_ERROR);
  CHECK(append(*journal, 3, "z").code() == StatusCode::IO_ERROR);
  CHECK(journal->bounds().durable == 1);
}

TEST_CASE("what a strategy left open is closed, and its handle is good for nothing") {
  Service host;
  const auto journal = host.open();
  REQUIRE(append(*journal, 1, "x").is_ok());
  host.service.close_all();
  CHECK(append(*journal, 2, "y").code() == StatusCode::INVALID_ARGUMENT);
  host.service.unlock();
  CHECK(host.open()->opened().last == 1);
}

}  // namespace kvhost::host
