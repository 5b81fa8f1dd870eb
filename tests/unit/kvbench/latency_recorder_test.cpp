// Latencies within 6.25 %, whatever their size.
#include "latency_recorder.hpp"

#include <catch2/catch.hpp>

namespace kvbench {
namespace {

TEST_CASE("latencies: a percentile is at most 6.25 % above the latency it stands for") {
  for (const uint64_t ns : {1ULL, 15ULL, 16ULL, 17ULL, 1000ULL, 123'456ULL, 98'765'432ULL,
                            60'000'000'000ULL, 1ULL << 62}) {
    INFO(ns << " ns");
    LatencyRecorder recorder;
    recorder.record_latency(ns);
    // A far larger one, so that the largest, known exactly, does not help.
    recorder.record_latency(UINT64_MAX);
    const double found = recorder.percentile_us(0.25) * 1e3;
    CHECK(found >= static_cast<double>(ns));
    CHECK(found <= static_cast<double>(ns) * 1.0625 + 1e-6);
  }
}

TEST_CASE("latencies: percentiles of a thousand known ones") {
  LatencyRecorder recorder;
  for (uint64_t us = 1; us <= 1000; ++us) recorder.record(0, us * 1000);
  CHECK(recorder.percentile_us(0.5) == Approx(500).epsilon(0.07));
  CHECK(recorder.percentile_us(0.99) == Approx(990).epsilon(0.07));
  CHECK(recorder.percentile_us(0.999) == 1000);
  CHECK(recorder.percentile_us(1.0) == 1000);
  CHECK(recorder.max_us() == 1000);
}

TEST_CASE("latencies: none is zero") {
  const LatencyRecorder recorder;
  CHECK(recorder.percentile_us(0.5) == 0);
  CHECK(recorder.max_us() == 0);
  CHECK(recorder.windows().empty());
}

TEST_CASE("latencies: two recorders merged are one that saw both") {
  LatencyRecorder one, other, both;
  for (uint64_t i = 1; i <= 200; ++i) {
    auto& half = i % 3 == 0 ? one : other;
    half.record(i * 10'000'000, i * i * 1000);
    both.record(i * 10'000'000, i * i * 1000);
  }
  one.merge(other);
  CHECK(one.windows() == both.windows());
  CHECK(one.max_us() == both.max_us());
  for (const double fraction : {0.1, 0.5, 0.9, 0.99}) {
    CHECK(one.percentile_us(fraction) == both.percentile_us(fraction));
  }
}

TEST_CASE("latencies: what is no operation is in no window of throughput") {
  LatencyRecorder recorder;
  recorder.record(50'000'000, 1000);
  recorder.record(250'000'000, 1000);
  recorder.record_latency(5'000'000);
  CHECK(recorder.windows() == std::vector<uint64_t>{1, 0, 1});
  CHECK(recorder.max_us() == 5000);
}

}  // namespace
}  // namespace kvbench
