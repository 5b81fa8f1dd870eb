// The fakes that plugin authors test with keep the rules that the host keeps.
#include <catch2/catch.hpp>
#include <kvhost/testing.hpp>
#include <string>
#include <vector>

namespace {

using namespace kvhost;           // NOLINT(google-build-using-namespace)
using namespace kvhost::testing;  // NOLINT(google-build-using-namespace)

TEST_CASE("time: callbacks run in order, on the way, and those they set as well") {
  FakeHost host;
  const Timer timer = Context(host.table()).timer();
  struct Clockwork {
    FakeHost& host;
    Timer timer;
    std::vector<int64_t> seen;
  } work{host, timer, {}};
  const auto tick = [](void* ctx) noexcept {
    auto& mine = *static_cast<Clockwork*>(ctx);
    mine.seen.push_back(mine.host.time().now().count());
    if (mine.seen.size() < 3) {
      mine.timer.after(
          std::chrono::nanoseconds(10),
          [](void* again) noexcept {
            auto& work = *static_cast<Clockwork*>(again);
            work.seen.push_back(-work.host.time().now().count());
          },
          ctx);
    }
  };
  timer.after(std::chrono::nanoseconds(5), tick, &work);
  const uint64_t never = timer.after(std::chrono::nanoseconds(7), tick, &work);
  CHECK(timer.cancel(never));
  CHECK_FALSE(timer.cancel(never));
  host.time().advance(std::chrono::nanoseconds(4));
  CHECK(work.seen.empty());
  host.time().advance(std::chrono::nanoseconds(100));
  CHECK(work.seen == std::vector<int64_t>{5, -15});
  CHECK(host.time().now().count() == 104);
}

TEST_CASE("executor: by hand, inline and full") {
  FakeHost host;
  const Executor executor = Context(host.table()).executor();
  int runs = 0;
  CHECK(executor.post(KVH_LANE_BACKGROUND, [&] { ++runs; }).is_ok());
  CHECK(runs == 0);
  CHECK(host.executor().run_one());
  CHECK(runs == 1);
  CHECK_FALSE(host.executor().run_one());
  host.executor().set_capacity(0);
  CHECK(executor.post(KVH_LANE_READ, [&] { ++runs; }).code() == StatusCode::OVERLOADED);
  host.executor().set_capacity(1);
  host.executor().set_mode(RunWork::kInline);
  CHECK(executor.post(KVH_LANE_READ, [&] { ++runs; }).is_ok());
  CHECK(runs == 2);
}

TEST_CASE("metrics: counted, collected sorted, retired") {
  FakeHost host;
  const Metrics metrics = Context(host.table()).metrics();
  auto gets = metrics.counter("b_total", "requests", {"op"}).series({"get"});
  gets.add(2);
  metrics.histogram("a_seconds", "time", {}, {1.0, 2.0}).series().observe(1.5);
  CHECK(host.metric("b_total{get}") == 2);
  CHECK(host.metric("a_seconds") == 1);
  const auto shown = [&] {
    std::vector<std::string> names;
    CHECK(Registry(host.metrics().registry())
              .collect([&](const kvh_family& family) {
                names.push_back(std::string(detail::to_view(family.info.name)) + ":" +
                                std::to_string(family.sample_count));
              })
              .is_ok());
    return names;
  };
  CHECK(shown() == std::vector<std::string>{"a_seconds:1", "b_total:1"});
  gets.retire();
  CHECK(shown() == std::vector<std::string>{"a_seconds:1", "b_total:0"});
  // Another shape under a taken name counts into nothing.
  metrics.gauge("b_total", "other").series().set(9);
  CHECK(host.metric("b_total") == 0);
}

TEST_CASE("journal: entries survive their opener, gaps are refused") {
  FakeJournal journal;
  CallEnd end;
  const auto* table = journal.table();
  uint64_t handle = 0, first = 0, last = 0;
  kvh_error error = detail::make_error();
  REQUIRE(table->open(table->self, detail::to_bytes("log"), &handle, &first, &last, &error) == 0);
  CHECK(last < first);
  const auto append = [&](uint64_t index, std::string_view payload) {
    const kvh_journal_entry entry{index, 1, detail::to_bytes(payload)};
    return table->append(table->self, handle, &entry, 1, sizeof(entry), end.done(), &error);
  };
  CHECK(append(1, "one") == KVH_PENDING);
  CHECK(append(2, "two") == KVH_PENDING);
  CHECK(append(4, "four") == KVH_INVALID_ARGUMENT);
  uint64_t other = 0;
  CHECK(table->open(table->self, detail::to_bytes("log"), &other, &first, &last, &error) ==
        KVH_CONFLICT);
  table->close(table->self, handle);
  CHECK(end.count() == 2);
  REQUIRE(table->open(table->self, detail::to_bytes("log"), &handle, &first, &last, &error) == 0);
  CHECK(first == 1);
  CHECK(last == 2);
  CHECK(table->truncate_before(table->self, handle, 2, &error) == KVH_OK);
  CHECK(journal.entries("log").size() == 1);
  journal.lose_tail(1);
  CHECK(append(2, "two again") == KVH_PENDING);
  CHECK(journal.entries("log").front().payload == "two again");
  const kvh_journal_sink nowhere{
      [](void*, const kvh_journal_entry*, uint64_t, uint64_t) noexcept { return 0; }, nullptr};
  CHECK(table->read(table->self, handle, 1, 1, nowhere, &error) == KVH_COMPACTED);
  table->close(table->self, handle);
}

// A strategy that appends under its own lock, as <kvhost/journal.hpp> allows, would stand still.
TEST_CASE("journal: an append is completed on the journal's own thread") {
  FakeHost host;
  const auto journal = std::move(*Journal::open(Context(host.table()), "log"));
  std::mutex mutex;
  std::thread::id where;
  CallEnd end;
  {
    const std::lock_guard lock(mutex);
    const JournalEntryView entry{1, 1, "one"};
    journal->append(std::span(&entry, 1), [&](const Status& status) {
      const std::lock_guard inner(mutex);
      where = std::this_thread::get_id();
      end.finish(static_cast<int32_t>(status.code()), nullptr);
    });
  }
  REQUIRE(end.wait());
  CHECK(end.status().is_ok());
  CHECK(where != std::this_thread::get_id());
}

TEST_CASE("config: defaults, replacements, arrays and units") {
  static constexpr auto kPeer = options(string("id").required());
  static constexpr auto kOptions =
      options(integer("runs", 4), size("target", "2MiB"), duration("pause", "10ms"),
              number("ratio", "0.5"), strings("names"), tables("peers", kPeer), string("none"));
  FakeConfig fake(kOptions, {{"runs", "7"}, {"names[1]", "b"}, {"peers[0].id", "node2"}});
  const Config config(fake.table());
  CHECK(config.integer("runs") == 7);
  CHECK(config.bytes("target") == 2u << 20);
  CHECK(config.duration("pause") == std::chrono::milliseconds(10));
  CHECK(config.number("ratio") == 0.5);
  CHECK(config.strings("names") == std::vector<std::string>{"", "b"});
  REQUIRE(config.count("peers") == 1);
  CHECK(config.string("peers[0].id") == "node2");
  CHECK_FALSE(config.is_set("none"));
  CHECK(fake.undeclared().empty());
  CHECK(FakeConfig(kOptions, {{"rnus", "7"}}).undeclared() == std::vector<std::string>{"rnus"});
}

TEST_CASE("tree: jobs are carried out as the engine would, or refused with the reason") {
  TestTree tree;
  TestRun& old = tree.add_run(1);
  const uint64_t bottom = tree.add_file(old, "a", "z").id;
  const uint64_t older = tree.flush("a", "m").id;
  const uint64_t newer = tree.flush("k", "p").id;
  REQUIRE(tree.fault().empty());
  const auto why = [&](Job job) { return tree.check(job).message(); };
  Job job;
  CHECK(why(job) == "the job names no input");
  job.inputs = {newer, newer};
  CHECK(why(job).ends_with("is named twice"));
  job.inputs = {999};
  CHECK(why(job) == "file 999 is not in the tree");
  job.inputs = {newer};
  job.target_level = 1;
  CHECK(why(job).find("would pass") != std::string::npos);
  job.type = JobType::kDropExpired;
  CHECK(why(job).find("holds data that lives") != std::string::npos);
  job.type = JobType::kDropOldestLossy;
  CHECK(why(job).find("may hide older records") != std::string::npos);

  job = {};
  job.inputs = {newer, older, bottom};
  job.target_level = 1;
  const uint64_t bytes = tree.bytes();
  REQUIRE(tree.apply(job).is_ok());
  CHECK(tree.fault().empty());
  CHECK(tree.runs.size() == 1);
  CHECK(tree.bytes() >= bytes - 3);
  CHECK(tree.runs[0].files.front().smallest == "a");
  CHECK(tree.runs[0].files.back().largest == "z");
}

TEST_CASE("state machine: keeps the order of the log") {
  FakeStateMachine fake;
  const StateMachine machine(fake.table());
  const kvh_ordered_batch batches[] = {{10, detail::to_bytes("a")}, {11, detail::to_bytes("b")}};
  std::vector<uint64_t> indexes;
  CHECK(machine
            .apply({1, 1, 1}, batches,
                   [&](uint64_t, const Status& status, const kvh_result* result) {
                     CHECK(status.is_ok());
                     indexes.push_back(result->index);
                   })
            .is_ok());
  CHECK(indexes == std::vector<uint64_t>{1, 2});
  CHECK(fake.batches() == std::vector<std::string>{"a", "b"});
  CHECK_FALSE(machine.apply({1, 1, 2}, batches, [](auto...) {}).is_ok());
  CHECK(fake.faults().size() == 1);
  // An entry of the strategy's own has no stamp; a batch with one that goes back is a fault.
  const kvh_ordered_batch own[] = {{0, {}}};
  CHECK(machine.apply({1, 1, 3}, own, [](auto...) {}).is_ok());
  const kvh_ordered_batch early[] = {{9, detail::to_bytes("c")}};
  CHECK_FALSE(machine.apply({1, 1, 4}, early, [](auto...) {}).is_ok());
  CHECK(fake.faults().size() == 2);
}

// Sends the checkpoint of one to another in pieces of `bytes`; the install's status.
Status install(const StateMachine& from, const StateMachine& to, uint64_t bytes) {
  KVHOST_TRY_ASSIGN(const auto checkpoint, from.checkpoint_open());
  KVHOST_TRY_ASSIGN(const uint64_t handle, to.install_begin(checkpoint.manifest));
  for (uint64_t offset = 0;;) {
    KVHOST_TRY_ASSIGN(const auto piece,
                      from.checkpoint_read(checkpoint.handle, "state", offset, bytes));
    if (piece.empty()) break;
    KVHOST_TRY(to.install_write(handle, "state", offset, piece));
    offset += piece.size();
  }
  from.checkpoint_close(checkpoint.handle);
  return to.install_commit(handle);
}

TEST_CASE("state machine: a checkpoint of one becomes the state of another") {
  FakeStateMachine one;
  FakeStateMachine other;
  const StateMachine from(one.table());
  const StateMachine to(other.table());
  const kvh_ordered_batch batches[] = {{10, detail::to_bytes("a 7")}, {2'000'000'000'000, {}}};
  REQUIRE(from.apply({3, 2, 1}, batches, [](auto...) {}).is_ok());
  // Stamps go on from what was applied, here and where it was installed.
  CHECK(from.now_ms() == 2'000'000'000'000);
  REQUIRE(install(from, to, 3).is_ok());
  CHECK(other.batches() == one.batches());
  CHECK(other.applied().index == 2);
  CHECK(other.applied().incarnation == 3);
  CHECK(to.durable().index == 2);
  CHECK(to.now_ms() == 2'000'000'000'000);

  const auto checkpoint = from.checkpoint_open();
  REQUIRE(checkpoint.has_value());
  const auto handle = to.install_begin(checkpoint->manifest);
  REQUIRE(handle.has_value());
  CHECK(to.install_begin(checkpoint->manifest).error().code() == StatusCode::CONFLICT);
  CHECK(to.install_wanted(*handle).value().find("\"offset\":0") != std::string::npos);
  CHECK(to.install_write(*handle, "state", 5, "x").code() == StatusCode::INVALID_ARGUMENT);
  const auto whole = from.checkpoint_read(checkpoint->handle, "state", 0, 1 << 20);
  REQUIRE(whole.has_value());
  CHECK(to.install_write(*handle, "state", 0, std::string(whole->size(), '#')).code() ==
        StatusCode::CORRUPTION);
  CHECK(to.install_commit(*handle).code() == StatusCode::INVALID_ARGUMENT);
  CHECK(other.applied().index == 2);
  REQUIRE(to.install_begin(checkpoint->manifest).has_value());
}

}  // namespace
