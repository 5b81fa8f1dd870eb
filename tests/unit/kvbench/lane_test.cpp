// A connection's share of a load, in front of a server in memory that can be told to go wrong.
#include "server/lane.hpp"

#include <catch2/catch.hpp>
#include <map>
#include <stdexcept>

namespace kvbench {
namespace {

using Store = std::map<std::string, std::string, std::less<>>;

// Answers at once, in reverse order.
class MemoryLink final : public Link {
 public:
  explicit MemoryLink(Store& store, bool refuses_puts = false)
      : store_(store), refuses_puts_(refuses_puts) {}
  void get(uint32_t tag, std::string_view key) override {
    const auto found = store_.find(key);
    const bool is_there = found != store_.end();
    answer(tag, is_there ? Answer::Kind::kDone : Answer::Kind::kAbsent,
           is_there ? found->second : "");
  }
  void put(uint32_t tag, std::string_view key, std::string_view value) override {
    if (refuses_puts_) return answer(tag, Answer::Kind::kRefused, "full");
    store_[std::string(key)] = value;
    answer(tag, Answer::Kind::kDone, "");
  }
  void flush() override {}
  void receive(TimePoint, std::vector<Answer>& answers) override {
    answers.assign(answers_.rbegin(), answers_.rend());
    answers_.clear();
  }

 private:
  void answer(uint32_t tag, Answer::Kind kind, std::string text) {
    answers_.push_back({tag, kind, std::move(text), std::chrono::steady_clock::now()});
  }
  Store& store_;
  bool refuses_puts_;
  std::vector<Answer> answers_;
};

constexpr uint64_t kKeys = 20;

LaneOutcome run_lane(std::unique_ptr<Link> link, std::unique_ptr<RequestSource> source,
                     uint64_t operations, bool are_missing = false) {
  const Values values(50);
  Pace pace;
  pace.operations = operations;
  pace.depth = 4;
  Lane lane(std::move(link), pace, std::move(source), values, are_missing);
  lane.run(std::chrono::steady_clock::now(), std::atomic<bool>{false});
  return lane.outcome();
}

LaneOutcome run_workload(Store& store, const std::string& name) {
  const auto& workload = workload_named(name);
  return run_lane(std::make_unique<MemoryLink>(store),
                  std::make_unique<WorkloadSource>(workload, kKeys, 7), 1000, workload.is_missing);
}

Store loaded() {
  Store store;
  run_lane(std::make_unique<MemoryLink>(store), std::make_unique<LoadSource>(0, 1), kKeys);
  return store;
}

TEST_CASE("lane: loads every key once, and every operation is counted") {
  Store store;
  uint64_t puts = 0;
  for (uint64_t lane = 0; lane < 2; ++lane) {
    puts += run_lane(std::make_unique<MemoryLink>(store), std::make_unique<LoadSource>(lane, 2),
                     kKeys / 2)
                .puts;
  }
  CHECK(puts == kKeys);
  CHECK(store.size() == kKeys);
  const auto outcome = run_workload(store, "mixed");
  CHECK(outcome.gets + outcome.puts == 1000);
  CHECK(outcome.gets == Approx(500).margin(80));
  CHECK(outcome.checked == outcome.gets);
  CHECK(outcome.refused == 0);
  CHECK(store.size() == kKeys);
}

TEST_CASE("lane: the same seed asks the same") {
  Store one = loaded(), other = loaded();
  run_workload(one, "ycsba");
  run_workload(other, "ycsba");
  CHECK((one == other));
}

TEST_CASE("lane: a wrong value is found, whatever is wrong with it") {
  const auto break_one = GENERATE(0, 1, 2, 3);
  Store store = loaded();
  auto& [key, value] = *store.begin();
  if (break_one == 0) value.back() ^= 1;
  if (break_one == 1) value.pop_back();
  if (break_one == 2) value = std::next(store.begin())->second;
  if (break_one == 3) value.clear();
  CHECK_THROWS_WITH(run_workload(store, "get"),
                    Catch::Contains("the value of key " + key + " is not what was written"));
}

TEST_CASE("lane: a missing key is found") {
  Store store = loaded();
  const std::string key = store.begin()->first;
  store.erase(store.begin());
  CHECK_THROWS_WITH(run_workload(store, "get"), Catch::Contains("key " + key + " is missing"));
}

TEST_CASE("lane: a key that was never written is found") {
  Store store = loaded();
  CHECK(run_workload(store, "getmissing").gets == 1000);
  const uint64_t beside = Key::number_of(store.begin()->first) ^ 1;
  store[std::string(Key(beside).view())] = "here";
  CHECK_THROWS_WITH(run_workload(store, "getmissing"), Catch::Contains("was never written"));
}

TEST_CASE("lane: refusals are counted apart, with the words of the first") {
  Store store;
  const auto outcome =
      run_lane(std::make_unique<MemoryLink>(store, true), std::make_unique<LoadSource>(0, 1), 10);
  CHECK(outcome.refused == 10);
  CHECK(outcome.first_refusal == "full");
  CHECK(outcome.puts == 0);
  CHECK(outcome.latencies.max_us() == 0);
}

}  // namespace
}  // namespace kvbench
