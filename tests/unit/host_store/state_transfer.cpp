// A whole state goes from one state machine to another through their C tables, as a strategy sends
// it.
#include <catch2/catch.hpp>
#include <thread>

#include "adapters/state_machine.hpp"
#include "kvhost/engine/replaceable_engine.hpp"
#include "kvhost/engine/write_batch.hpp"
#include "kvhost/replication.hpp"
#include "support/temporary_directory.hpp"

namespace kvhost::host::testing {
namespace {

using Catch::Matchers::Contains;

// One node's state machine over an engine in a directory of its own.
class Node {
 public:
  explicit Node(std::string strategy = "test") {
    engine::Options options;
    options.memory = 16 << 20;
    options.memtable_size = 64 << 10;
    options.target_file_size = 32 << 10;
    options.wal_sync = engine::WalSync::kOff;
    auto opened = engine::ReplaceableEngine::open(directory_.path(), options, {});
    REQUIRE(opened.has_value());
    engine = std::move(*opened);
    machine = std::make_unique<StateMachine>(
        *engine, std::move(strategy),
        StatePlace{engine.get(), &engine::posix_file_system(), directory_.path()});
  }
  ~Node() {
    machine.reset();
    engine.reset();
  }
  kvhost::StateMachine face() const { return kvhost::StateMachine(machine->table()); }
  void apply(uint64_t first, uint64_t last) const {
    std::vector<engine::WriteBatch> batches(last - first + 1);
    std::vector<kvh_ordered_batch> ordered;
    for (uint64_t index = first; index <= last; ++index) {
      auto& batch = batches[index - first];
      batch.put(0, "key" + std::to_string(index % 40),
                std::string(500, 'v') + std::to_string(index));
      ordered.push_back({1'000 + index, detail::to_bytes(batch.bytes())});
    }
    std::vector<uint64_t> told;
    const Status applied = face().apply(
        {1, 2, first}, ordered, [&](uint64_t offset, const Status&, const kvh_result* result) {
          told.push_back(result->index - offset);
        });
    INFO(applied.to_string());
    REQUIRE(applied.is_ok());
    REQUIRE(told == std::vector<uint64_t>(ordered.size(), first));
  }

 private:
  engine::testing::TemporaryDirectory directory_;

 public:
  std::unique_ptr<engine::ReplaceableEngine> engine;
  std::unique_ptr<StateMachine> machine;
};

// What a strategy does with a manifest and what is wanted of it.
Status send(const Node& from, uint64_t checkpoint, const std::string& manifest, const Node& to,
            uint64_t install) {
  std::size_t at = 0;
  // The names, in the order of the manifest; a strategy would parse it.
  while ((at = manifest.find("\"name\":\"", at)) != std::string::npos) {
    at += 8;
    const std::string name = manifest.substr(at, manifest.find('"', at) - at);
    uint64_t offset = 0;
    for (;;) {
      const auto bytes = from.face().checkpoint_read(checkpoint, name, offset, 7'000);
      if (!bytes) return bytes.error();
      if (bytes->empty()) break;
      const Status written = to.face().install_write(install, name, offset, *bytes);
      if (!written) return written;
      offset += bytes->size();
    }
  }
  return {};
}

}  // namespace

TEST_CASE("a checkpoint that one node opens is installed by another") {
  const Node from;
  const Node to;
  from.apply(1, 500);
  to.apply(1, 3);
  const auto checkpoint = from.face().checkpoint_open();
  REQUIRE(checkpoint.has_value());
  CHECK(checkpoint->position.index == 500);
  CHECK(checkpoint->position.term == 2);
  // The sender goes on meanwhile.
  from.apply(501, 520);

  const auto install = to.face().install_begin(checkpoint->manifest);
  INFO(install.status().to_string());
  REQUIRE(install.has_value());
  CHECK(to.face().install_begin(checkpoint->manifest).error().code() == StatusCode::CONFLICT);
  const auto wanted = to.face().install_wanted(*install);
  REQUIRE(wanted.has_value());
  CHECK_THAT(*wanted, Contains("\"name\":\"CURRENT\",\"offset\":0"));
  CHECK(to.face().install_commit(*install).code() == StatusCode::INVALID_ARGUMENT);
  REQUIRE(send(from, checkpoint->handle, checkpoint->manifest, to, *install).is_ok());
  CHECK(*to.face().install_wanted(*install) == "[]");

  bool woken = false;
  to.machine->when_applied(500, [&] { woken = true; });
  CHECK_FALSE(woken);
  REQUIRE(to.face().install_commit(*install).is_ok());
  CHECK(woken);
  CHECK(to.face().applied().index == 500);
  CHECK(to.face().durable().index == 500);
  from.face().checkpoint_close(checkpoint->handle);
  to.apply(501, 520);
  CHECK(*to.face().digest("", "", 520, 5'000) == *from.face().digest("", "", 520, 5'000));
  CHECK(to.machine->transfers().installs_committed == 1);
}

TEST_CASE("manifests that are none, or of another strategy, are refused with words") {
  const Node from;
  from.apply(1, 10);
  const auto checkpoint = from.face().checkpoint_open();
  REQUIRE(checkpoint.has_value());
  const Node to;
  const auto refusal = [&](const std::string& manifest) {
    const auto refused = to.face().install_begin(manifest);
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().code() == StatusCode::INVALID_ARGUMENT);
    return refused.error().message();
  };
  CHECK_THAT(refusal("no json"), Contains("expected a JSON object"));
  CHECK_THAT(refusal("{}"), Contains("\"format\""));
  std::string other = checkpoint->manifest;
  other.replace(other.find("\"strategy\":\"test\""), 17, "\"strategy\":\"raft\"");
  CHECK_THAT(refusal(other), Contains("under the strategy test, found one of \"raft\""));
  std::string unknown = checkpoint->manifest;
  unknown.replace(unknown.find("\"format\":1"), 10, "\"format\":9");
  CHECK_THAT(refusal(unknown), Contains("expected format 1, found 9"));
  std::string evil = checkpoint->manifest;
  evil.replace(evil.find("CURRENT"), 7, "../EVIL");
  CHECK_THAT(refusal(evil), Contains("../EVIL"));
  from.face().checkpoint_close(checkpoint->handle);
}

TEST_CASE("an install that is given up leaves the state as it was, and another may begin") {
  const Node from;
  from.apply(1, 50);
  const auto checkpoint = from.face().checkpoint_open();
  REQUIRE(checkpoint.has_value());
  const Node to;
  to.apply(1, 2);
  const auto first = to.face().install_begin(checkpoint->manifest);
  REQUIRE(first.has_value());
  to.face().install_abort(*first);
  CHECK(to.face().install_write(*first, "CURRENT", 0, "x").code() == StatusCode::INVALID_ARGUMENT);
  CHECK(to.face().applied().index == 2);
  const auto second = to.face().install_begin(checkpoint->manifest);
  REQUIRE(second.has_value());
  REQUIRE(send(from, checkpoint->handle, checkpoint->manifest, to, *second).is_ok());
  REQUIRE(to.face().install_commit(*second).is_ok());
  CHECK(to.face().applied().index == 50);
}

TEST_CASE("checkpoints are bounded, and read only what their manifest names") {
  const Node node;
  node.apply(1, 20);
  std::vector<uint64_t> open;
  for (int i = 0; i < 4; ++i) {
    const auto checkpoint = node.face().checkpoint_open();
    REQUIRE(checkpoint.has_value());
    open.push_back(checkpoint->handle);
  }
  CHECK(node.face().checkpoint_open().error().code() == StatusCode::OVERLOADED);
  CHECK(node.face().checkpoint_read(open[0], "../LOCK", 0, 10).error().code() ==
        StatusCode::INVALID_ARGUMENT);
  for (const uint64_t handle : open) node.face().checkpoint_close(handle);
  CHECK(node.face().checkpoint_read(open[0], "CURRENT", 0, 10).error().code() ==
        StatusCode::INVALID_ARGUMENT);
  const auto again = node.face().checkpoint_open();
  REQUIRE(again.has_value());
  node.face().checkpoint_close(again->handle);
}

TEST_CASE("a digest is of exactly the index asked for, in the middle of a long apply too") {
  const Node ahead;
  const Node behind;
  ahead.apply(1, 60);
  behind.apply(1, 10);
  const auto wanted = ahead.face().digest("", "", 60, 5'000);
  REQUIRE(wanted.has_value());
  Result<kvhost::StateMachine::Digest> got = Status(StatusCode::INTERNAL, "not asked yet");
  std::thread asker([&] { got = behind.face().digest("", "", 60, 5'000); });
  // One call carries the state past the index.
  std::this_thread::yield();
  for (uint64_t first = 11; first < 60; first += 7) behind.apply(first, first + 6);
  behind.apply(60, 90);
  asker.join();
  if (!got) {
    // The asker came too late: it is told so, and not answered with another state's digest.
    CHECK(got.error().code() == StatusCode::COMPACTED);
  } else {
    CHECK(*got == *wanted);
  }
  const auto late = behind.face().digest("", "", 60, 5'000);
  CHECK(late.error().code() == StatusCode::COMPACTED);
  CHECK_THAT(late.error().message(), Contains("the state is at index 90 already"));
  CHECK(behind.face().digest("", "", 0, 5'000).has_value());
}

}  // namespace kvhost::host::testing
