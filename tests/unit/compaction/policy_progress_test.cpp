// The account that tells work from motion.
#include "compaction/policy_progress.hpp"

#include <catch2/catch.hpp>
#include <cmath>

using kvhost::engine::PolicyProgress;

namespace {

constexpr uint64_t kMemtable = 1000;

}  // namespace

TEST_CASE("progress: rewriting the same bytes without end is noticed") {
  PolicyProgress progress(kMemtable);
  progress.begin({100'000, 3});
  int jobs = 0;
  for (; !progress.is_overdrawn() && jobs < 1000; ++jobs) {
    progress.pay(50'000, 50'000);
    progress.look({100'000, 3});
  }
  // Eight times the tree, and a little.
  CHECK(jobs >= 16);
  CHECK(jobs <= 20);
  CHECK(progress.written() == static_cast<uint64_t>(jobs) * 50'000);
  CHECK(progress.arrived() == 0);
}

TEST_CASE("progress: moving tables in a circle is noticed although nothing is written") {
  PolicyProgress progress(kMemtable);
  progress.begin({0, 1});
  int jobs = 0;
  for (; !progress.is_overdrawn() && jobs < 10'000; ++jobs) {
    progress.pay(0, 0);
    progress.look({0, 1});
  }
  CHECK(jobs > 100);
  CHECK(jobs < 1000);
}

TEST_CASE("progress: a tree that is split and put together again has not become better") {
  PolicyProgress progress(kMemtable);
  progress.begin({100'000, 1});
  int jobs = 0;
  for (; !progress.is_overdrawn() && jobs < 1000; ++jobs) {
    progress.pay(100'000, 100'000);
    progress.look({100'000, static_cast<std::size_t>(jobs % 2 == 0 ? 2 : 1)});
  }
  CHECK(jobs < 20);
}

TEST_CASE("progress: the rewrites that a deep leveled tree needs are paid for by new data") {
  PolicyProgress progress(kMemtable);
  uint64_t bytes = 0;
  progress.begin({bytes, 0});
  for (int flush = 0; flush < 10'000; ++flush) {
    bytes += kMemtable;
    // A level for each tenfold, each rewriting a byte ten times.
    const double levels = 1 + std::log10(1.0 + flush);
    const auto written = static_cast<uint64_t>(10 * levels * kMemtable);
    progress.pay(written, written);
    progress.look({bytes, 6});
    REQUIRE_FALSE(progress.is_overdrawn());
  }
  CHECK(progress.arrived() == bytes);
}

TEST_CASE("progress: full merges that leave fewer runs each time are paid for") {
  PolicyProgress progress(kMemtable);
  progress.begin({100'000, 30});
  for (std::size_t runs = 29; runs >= 1; --runs) {
    progress.pay(100'000, 100'000);
    progress.look({100'000, runs});
    REQUIRE_FALSE(progress.is_overdrawn());
  }
}

TEST_CASE("progress: whoever makes the tree smaller may go on") {
  PolicyProgress progress(kMemtable);
  uint64_t bytes = 1'000'000;
  progress.begin({bytes, 1});
  while (bytes > 1000) {
    progress.pay(bytes, bytes - bytes / 20);
    bytes -= bytes / 20;
    progress.look({bytes, 1});
    REQUIRE_FALSE(progress.is_overdrawn());
    if (bytes < 20) break;
  }
  CHECK(progress.arrived() == 0);
}

TEST_CASE("progress: new data pays for nothing while flushes pile up") {
  PolicyProgress progress(kMemtable);
  uint64_t bytes = 0;
  progress.begin({bytes, 0});
  int jobs = 0;
  for (; !progress.is_overdrawn() && jobs < 10'000; ++jobs) {
    bytes += kMemtable;
    progress.pay(kMemtable, kMemtable);
    progress.look({bytes, static_cast<std::size_t>(jobs), jobs > 20});
  }
  CHECK(jobs > 20);
  CHECK(jobs < 1000);
}

TEST_CASE("progress: what others do to the tree is not taken for new data") {
  PolicyProgress progress(kMemtable);
  progress.begin({100'000, 3});
  progress.note_other(90'000, 10'000);
  progress.look({20'000, 1});
  CHECK(progress.arrived() == 0);
  // A job that is installed but not yet paid for counts once it is.
  progress.look({10'000, 1});
  progress.pay(10'000, 0);
  progress.look({10'000, 1});
  CHECK(progress.arrived() == 0);
  progress.look({15'000, 2});
  CHECK(progress.arrived() == 5'000);
}
