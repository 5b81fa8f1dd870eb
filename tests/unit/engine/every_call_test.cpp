// Each operation of the engine, with a fault or the end of power at its n-th call of the file
// system, for every n until there is no such call: what was acknowledged before stays, what the
// operation says is true, and there is a way on.
#include <chrono>
#include <functional>

#include "engine_story.hpp"
#include "kvhost/engine/verify.hpp"

using namespace kvhost;                   // NOLINT(*-build-using-namespace)
using namespace kvhost::engine;           // NOLINT(*-build-using-namespace)
using namespace kvhost::engine::testing;  // NOLINT(*-build-using-namespace)

namespace {

constexpr int kBefore = 24;

std::string key_of(int i) { return "k" + std::to_string(i); }

Status try_put(Story& story, const std::string& key, const std::string& value) {
  WriteBatch batch;
  batch.put(0, key, value);
  return story.engine().write({}, batch).status();
}

struct Operation {
  const char* name;
  // What it did that must be there afterwards, by key.
  std::function<Status(Story&, std::vector<std::string>&)> run;
};

Status write_some(Story& story, std::vector<std::string>& written) {
  Status first_failure;
  for (int i = 0; i < 12; ++i) {
    const std::string key = "during" + std::to_string(i);
    const Status put = try_put(story, key, std::string(9000, 'd'));
    if (put.is_ok()) written.push_back(key);
    if (first_failure.is_ok()) first_failure = put;
  }
  return first_failure;
}

const std::vector<Operation>& operations() {
  static const std::vector<Operation> all = {
      {"write", write_some},
      {"flush", [](Story& story, auto&) { return story.engine().flush(); }},
      {"compaction", [](Story& story, auto&) { return story.engine().compact(std::nullopt); }},
      {"checkpoint", [](Story& story, auto&) { return story.engine().checkpoint("copy"); }},
      {"sync", [](Story& story, auto&) { return story.engine().sync_wal(); }},
      {"close", [](Story& story, auto&) { return story.engine().close(); }},
      {"open", [](Story& story, auto&) {
         story.shut();
         return story.try_open().status();
       }}};
  return all;
}

// Two tables, something in the log, and a deletion.
void prepare(Story& story) {
  for (int i = 0; i < kBefore; ++i) {
    story.put(key_of(i), std::string(500, 'b'));
    if (i % 10 == 9) story.flush();
  }
  story.erase(key_of(0));
}

void check(Story& story, const std::vector<std::string>& written) {
  REQUIRE(story.get(key_of(0)) == "(absent)");
  for (int i = 1; i < kBefore; ++i) REQUIRE(story.get(key_of(i)) == std::string(500, 'b'));
  for (const std::string& key : written) REQUIRE(story.get(key) == std::string(9000, 'd'));
}

// A soft error passes, a hard one is lifted. What fails in the background may be told a little
// later.
bool goes_on(Story& story) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (std::chrono::steady_clock::now() < until) {
    static_cast<void>(story.engine().wait_until_idle());
    if (story.engine().resume().is_ok() && try_put(story, "after", "1").is_ok()) return true;
  }
  return false;
}

void check_whole(Story& story, const std::string& directory) {
  const auto report = verify_database(story.disk, directory);
  INFO(report.status().to_string());
  REQUIRE(report.has_value());
  INFO((report->damage.empty() ? "" : report->damage[0].problem));
  REQUIRE(report->is_whole());
}

}  // namespace

TEST_CASE("a fault at the n-th call of each operation, for every n") {
  const char* const fault = GENERATE("EIO", "ENOSPC", "EMFILE", "short");
  for (const Operation& operation : operations()) {
    int calls = 0;
    for (int nth = 1; nth < 1000; ++nth) {
      INFO(operation.name << ": " << fault << " at call " << nth);
      Story story;
      prepare(story);
      story.faults.fail("* * nth=" + std::to_string(nth) + " once " + fault);
      std::vector<std::string> written;
      const Status outcome = operation.run(story, written);
      const bool has_fired = story.faults.faults() > 0;
      story.faults.heal();
      // Without a fault nothing fails.
      if (!has_fired) REQUIRE(outcome.is_ok());
      const bool is_shut =
          std::string_view(operation.name) == "open" || std::string_view(operation.name) == "close";
      if (is_shut) {
        story.shut();
        story.open();
      }
      check(story, written);
      REQUIRE(goes_on(story));
      story.crash();
      check(story, written);
      REQUIRE(story.get("after") == "1");
      story.shut();
      check_whole(story, "db");
      if (std::string_view(operation.name) == "checkpoint" && *story.disk.exists("copy/CURRENT")) {
        check_whole(story, "copy");
      }
      calls = nth;
      if (!has_fired) break;
    }
    INFO(operation.name << " " << fault);
    // Each operation makes some calls: a loop that ends at once has tested nothing.
    CHECK(calls > (std::string_view(operation.name) == "sync" ? 0 : 3));
  }
}

TEST_CASE("power fails at the n-th call of each operation, for every n") {
  for (const Operation& operation : operations()) {
    for (uint64_t nth = 1; nth < 1000; ++nth) {
      INFO(operation.name << ": power fails at call " << nth);
      Story story;
      prepare(story);
      story.disk.set_crash_after(nth, nth);
      std::vector<std::string> written;
      static_cast<void>(operation.run(story, written));
      const bool has_died = story.disk.is_dead();
      story.disk.crash({nth % 2 == 0, nth});
      story.shut();
      // And once more, while it recovers.
      story.disk.set_crash_after(1 + nth % 20, nth);
      static_cast<void>(story.try_open());
      story.disk.crash({nth % 3 == 0, nth + 1});
      story.open();
      check(story, written);
      story.shut();
      check_whole(story, "db");
      // A checkpoint is whole or not there.
      if (*story.disk.exists("copy")) check_whole(story, "copy");
      if (!has_died) break;
    }
  }
}
