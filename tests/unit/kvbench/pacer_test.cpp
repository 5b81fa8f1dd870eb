// When a load sends, and what its latencies count from.
#include "server/pacer.hpp"

#include <catch2/catch.hpp>
#include <vector>

#include "latency_recorder.hpp"

namespace kvbench {
namespace {

constexpr uint64_t kMs = 1'000'000;

TEST_CASE("pacer: a closed loop sends while there is room, until its time is over") {
  Pace pace;
  pace.duration_ns = 10 * kMs;
  pace.depth = 2;
  Pacer pacer(pace);
  CHECK(pacer.take(5, 0) == 5U);
  CHECK(pacer.take(6, 1) == 6U);
  CHECK_FALSE(pacer.take(7, 2));
  CHECK(pacer.wakes_at_ns(1) == Pacer::kNever);
  CHECK(pacer.take(10 * kMs - 1, 1));
  CHECK_FALSE(pacer.take(10 * kMs, 0));
  CHECK(pacer.is_over(10 * kMs));
  pacer.visit_unsent([](uint64_t) { FAIL("a closed loop owes nothing"); });
}

TEST_CASE("pacer: a number of operations ends a loop, too") {
  Pace pace;
  pace.operations = 2;
  Pacer pacer(pace);
  CHECK(pacer.take(0, 0));
  CHECK(pacer.take(1, 0));
  CHECK(pacer.is_over(1));
  CHECK_FALSE(pacer.take(2, 0));
}

TEST_CASE("pacer: an open loop sends on its schedule, not before") {
  Pace pace;
  pace.rate = 1000;
  pace.duration_ns = 3 * kMs;
  pace.depth = 10;
  Pacer pacer(pace);
  CHECK(pacer.take(0, 0) == 0U);
  CHECK_FALSE(pacer.take(kMs - 1, 1));
  CHECK(pacer.wakes_at_ns(1) == kMs);
  CHECK(pacer.take(kMs, 1) == kMs);
  // Late: it counts from when it should have been sent.
  CHECK(pacer.take(2 * kMs + 700'000, 2) == 2 * kMs);
  CHECK(pacer.is_over(2 * kMs + 700'000));
}

TEST_CASE("pacer: lanes take turns, and share the rate exactly") {
  std::vector<uint64_t> times;
  uint64_t sent = 0;
  for (uint32_t lane = 0; lane < 3; ++lane) {
    Pace pace;
    pace.rate = 700;
    pace.duration_ns = 1000 * kMs;
    pace.depth = UINT32_MAX;
    pace.lanes = 3;
    pace.lane = lane;
    Pacer pacer(pace);
    while (const auto time = pacer.take(1000 * kMs - 1, 0)) times.push_back(*time);
    sent += pacer.sent();
  }
  CHECK(sent == 700);
  std::sort(times.begin(), times.end());
  for (std::size_t i = 0; i < times.size(); ++i) {
    CHECK(times[i] == static_cast<uint64_t>(static_cast<double>(i) * 1e9 / 700));
  }
}

TEST_CASE("pacer: what was never sent has waited until the end") {
  Pace pace;
  pace.rate = 1000;
  pace.duration_ns = 5 * kMs;
  Pacer pacer(pace);
  CHECK(pacer.take(0, 0) == 0U);
  // The one request of its depth stays unanswered.
  CHECK_FALSE(pacer.take(4 * kMs, 1));
  CHECK(pacer.wakes_at_ns(1) == Pacer::kNever);
  std::vector<uint64_t> waited;
  pacer.visit_unsent([&](uint64_t ns) { waited.push_back(ns); });
  CHECK(waited == std::vector<uint64_t>{4 * kMs, 3 * kMs, 2 * kMs, 1 * kMs});
}

// A server that answers after 100 µs, but for one that takes 100 ms; a connection of depth 1.
LatencyRecorder latencies_of_a_stall(double rate) {
  Pace pace;
  pace.rate = rate;
  pace.duration_ns = 1000 * kMs;
  Pacer pacer(pace);
  LatencyRecorder latencies;
  uint64_t now = 0;
  while (!pacer.is_over(now)) {
    const auto counts_from = pacer.take(now, 0);
    if (!counts_from) {
      now = pacer.wakes_at_ns(0);
      continue;
    }
    const bool stalls = now < 500 * kMs && now + 2 * kMs >= 500 * kMs && latencies.max_us() < 5e4;
    now += stalls ? 100 * kMs : kMs / 10;
    latencies.record(now, now - *counts_from);
  }
  return latencies;
}

TEST_CASE("pacer: a stall is met by all that should have been sent meanwhile") {
  // 1000 a second: a hundred of them fall into the stall, the tenth of all.
  const auto open = latencies_of_a_stall(1000);
  CHECK(open.max_us() == Approx(100'000).epsilon(0.001));
  CHECK(open.percentile_us(0.95) > 40'000);
  CHECK(open.percentile_us(0.85) < 1000);
  // Closed, the same stall is one slow request in thousands.
  const auto closed = latencies_of_a_stall(0);
  CHECK(closed.max_us() == 100'000);
  CHECK(closed.percentile_us(0.999) < 110);
}

}  // namespace
}  // namespace kvbench
