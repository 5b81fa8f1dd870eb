// Pieces that come in bad order, twice, damaged, or only in part.
#include "state_world.hpp"

namespace kvhost::engine::testing {
namespace {

using Catch::Matchers::Contains;

struct Transfer {
  Transfer() {
    source.open();
    REQUIRE(source.apply_to(300).is_ok());
    manifest = source.make_checkpoint();
    target.open();
  }
  std::unique_ptr<StateReceiver> begin() {
    auto begun = StateReceiver::begin(target.faults, "/data", manifest);
    if (!begun) FAIL(begun.error().to_string());
    return std::move(*begun);
  }
  Replica source;
  Replica target;
  StateManifest manifest;
};

}  // namespace

TEST_CASE("a gap names the offset that is expected, a repetition is ignored") {
  Transfer transfer;
  const auto receiver = transfer.begin();
  const auto file = receiver->wanted().front();
  const std::string bytes = transfer.source.checkpoint_bytes(file.name, file.bytes);
  REQUIRE(receiver->write(file.name, 0, bytes.substr(0, 100)).is_ok());
  const Status gap = receiver->write(file.name, 200, bytes.substr(200, 100));
  CHECK(gap.code() == StatusCode::INVALID_ARGUMENT);
  CHECK_THAT(gap.message(), Contains("at offset 100, found 100 at offset 200"));
  CHECK(receiver->write(file.name, 0, bytes.substr(0, 100)).is_ok());
  CHECK(receiver->write(file.name, 50, bytes.substr(50, 20)).is_ok());
  CHECK(receiver->wanted().front().offset == 100);
  REQUIRE(receiver->write(file.name, 100, bytes.substr(100)).is_ok());
  CHECK(receiver->write(file.name, 0, bytes).is_ok());
  REQUIRE(send(transfer.source, *receiver).is_ok());
  CHECK(receiver->wanted().empty());
}

TEST_CASE("a file with other bytes than its checksum is refused and comes again") {
  Transfer transfer;
  const auto receiver = transfer.begin();
  const auto file = receiver->wanted().front();
  std::string bytes = transfer.source.checkpoint_bytes(file.name, file.bytes);
  bytes[bytes.size() / 2] ^= 1;
  const Status damaged = receiver->write(file.name, 0, bytes);
  CHECK(damaged.code() == StatusCode::CORRUPTION);
  CHECK_THAT(damaged.message(), Contains("expected checksum") && Contains(file.name));
  CHECK(receiver->wanted().front().offset == 0);
  REQUIRE(send(transfer.source, *receiver).is_ok());
  CHECK(receiver->finish().has_value());
}

TEST_CASE("more bytes than the manifest says are refused") {
  Transfer transfer;
  const auto receiver = transfer.begin();
  const auto file = receiver->wanted().front();
  const std::string bytes = transfer.source.checkpoint_bytes(file.name, file.bytes) + "x";
  CHECK(receiver->write(file.name, 0, bytes).code() == StatusCode::INVALID_ARGUMENT);
  CHECK(receiver->write("tables/999999.sst", 0, "x").code() == StatusCode::INVALID_ARGUMENT);
}

TEST_CASE("an unfinished state is not finished") {
  Transfer transfer;
  const auto receiver = transfer.begin();
  const auto finished = receiver->finish();
  REQUIRE_FALSE(finished.has_value());
  CHECK(finished.error().code() == StatusCode::INVALID_ARGUMENT);
  CHECK_THAT(finished.error().message(), Contains("files are not complete"));
}

TEST_CASE("names that lead elsewhere are refused before anything is made") {
  Transfer transfer;
  for (const char* const name :
       {"../evil", "tables/../../evil", "/etc/passwd", "tables/x.sst", "LOCK", "STATE", ""}) {
    StateManifest manifest = transfer.manifest;
    manifest.files.push_back({name, 1, 1});
    const auto refused = StateReceiver::begin(transfer.target.disk, "/data", manifest);
    INFO(name);
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().code() == StatusCode::INVALID_ARGUMENT);
  }
  StateManifest twice = transfer.manifest;
  twice.files.push_back(twice.files.front());
  CHECK_FALSE(StateReceiver::begin(transfer.target.disk, "/data", twice).has_value());
  StateManifest headless = transfer.manifest;
  std::erase_if(headless.files, [](const auto& file) { return file.name == "CURRENT"; });
  CHECK_FALSE(StateReceiver::begin(transfer.target.disk, "/data", headless).has_value());
  CHECK_FALSE(transfer.target.disk.exists("/data/state-000002.tmp").value());
}

TEST_CASE("a state that does not fit the disk is refused before its first byte") {
  Transfer transfer;
  transfer.target.disk.set_capacity(100'000);
  StateManifest manifest = transfer.manifest;
  manifest.files.front().bytes = uint64_t{1} << 40;
  const auto refused = StateReceiver::begin(transfer.target.disk, "/data", manifest);
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code() == StatusCode::NO_SPACE);
}

TEST_CASE("a transfer that was cut off goes on where it was, after a power cut too") {
  Transfer transfer;
  const std::size_t all = transfer.begin()->wanted().size();
  REQUIRE(all > 3);
  {
    const auto receiver = transfer.begin();
    const auto wanted = receiver->wanted();
    for (std::size_t i = 0; i + 1 < all; ++i) {
      const std::string bytes = transfer.source.checkpoint_bytes(wanted[i].name, wanted[i].bytes);
      // The last one comes only in part.
      const std::size_t part = i + 2 == all ? bytes.size() / 2 : bytes.size();
      REQUIRE(receiver->write(wanted[i].name, 0, bytes.substr(0, part)).is_ok());
    }
  }
  SECTION("in the same process") {}
  SECTION("after a restart") {
    REQUIRE(transfer.target.engine->close().is_ok());
    transfer.target.engine.reset();
    transfer.target.disk.kill_process();
    transfer.target.open();
  }
  const auto receiver = transfer.begin();
  CHECK(receiver->wanted().size() == 2);
  REQUIRE(send(transfer.source, *receiver).is_ok());
  const auto directory = receiver->finish();
  REQUIRE(directory.has_value());
  REQUIRE(transfer.target.engine->replace(*directory).is_ok());
  CHECK(transfer.target.digest() == transfer.source.digest());
}

TEST_CASE("files of another state do not stay among those of this one") {
  Transfer transfer;
  {
    const auto receiver = transfer.begin();
    REQUIRE(send(transfer.source, *receiver).is_ok());
  }
  REQUIRE(transfer.source.apply_to(600).is_ok());
  REQUIRE(transfer.source.engine->compact(std::nullopt).is_ok());
  REQUIRE(remove_other_states(transfer.source.disk, "/data", "/data").is_ok());
  transfer.manifest = transfer.source.make_checkpoint();
  const auto receiver = transfer.begin();
  REQUIRE(send(transfer.source, *receiver).is_ok());
  const auto directory = receiver->finish();
  REQUIRE(directory.has_value());
  std::size_t tables = 0;
  for (const auto& file : transfer.manifest.files) tables += file.name.starts_with("tables/");
  CHECK(transfer.target.disk.list(*directory + "/tables")->size() == tables);
  REQUIRE(transfer.target.engine->replace(*directory).is_ok());
  CHECK(transfer.target.digest() == transfer.source.digest());
}

}  // namespace kvhost::engine::testing
