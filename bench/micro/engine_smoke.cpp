// Is anything grossly slow? Operations per second of the engine in process, one thread, 16 B keys
// and 100 B values. Not a comparison: that is kvbench.
//
// usage: bench_engine_smoke DIRECTORY [OPERATIONS] [none|lz4] [always|interval|never] [THREADS]
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string>
#include <thread>
#include <vector>

#include "base/random.hpp"
#include "kvhost/engine/engine.hpp"

using namespace kvhost::engine;  // NOLINT(*-build-using-namespace)
using kvhost::Status;

namespace {

std::string key_of(uint64_t number) {
  char text[24];
  std::snprintf(text, sizeof text, "%016llu", static_cast<unsigned long long>(number));
  return {text, 16};
}

void check(const Status& status) {
  if (status.is_ok()) return;
  std::fprintf(stderr, "%s\n", status.to_string().c_str());
  std::exit(1);
}

// Of all threads of the process: steadier than the clock on a machine that has other things to do.
double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

template <typename Work>
void measure(const char* name, uint64_t operations, const Work& work) {
  const auto begin = std::chrono::steady_clock::now();
  const double cpu_begin = cpu_seconds();
  work();
  const double cpu = cpu_seconds() - cpu_begin;
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  const auto n = static_cast<double>(operations);
  std::printf("%-16s %12.0f ops/s  %8.0f ns/op  %8.0f cpu ns/op\n", name, n / took.count(),
              took.count() * 1e9 / n, cpu * 1e9 / n);
  std::fflush(stdout);
}

template <typename Work>
void in_threads(uint64_t threads, const Work& work) {
  std::vector<std::thread> running;
  for (uint64_t t = 0; t < threads; ++t) running.emplace_back([&work, t] { work(t); });
  for (std::thread& one : running) one.join();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr,
                 "usage: %s DIRECTORY [OPERATIONS] [none|lz4] [always|interval|never] "
                 "[THREADS]\n",
                 argv[0]);
    return 64;
  }
  const uint64_t n = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1'000'000;
  Options options;
  options.compression =
      argc > 3 && std::strcmp(argv[3], "lz4") == 0 ? kvhost::Codec::kLz4 : kvhost::Codec::kNone;
  const std::string mode = argc > 4 ? argv[4] : "never";
  options.wal_sync = mode == "always"     ? WalSync::kAlways
                     : mode == "interval" ? WalSync::kInterval
                                          : WalSync::kNever;
  const uint64_t threads = argc > 5 ? std::strtoull(argv[5], nullptr, 10) : 1;

  auto opened = Engine::open(argv[1], options, {});
  check(opened.status());
  Engine& engine = **opened;
  const std::string value(100, 'v');

  measure("fillrandom", n, [&] {
    in_threads(threads, [&](uint64_t thread) {
      kvhost::engine::Random random(thread + 1);
      WriteBatch batch;
      for (uint64_t i = 0; i < n / threads; ++i) {
        batch.clear();
        batch.put(0, key_of(random.below(n)), value);
        check(engine.write({}, batch).status());
      }
    });
  });
  measure("idle", 1, [&] {
    check(engine.flush());
    check(engine.wait_until_idle());
  });
  std::atomic<uint64_t> found{0};
  for (const char* name : {"readrandom", "readrandom warm"}) {
    measure(name, n, [&] {
      in_threads(threads, [&](uint64_t thread) {
        kvhost::engine::Random random(thread + 77);
        uint64_t hits = 0;
        for (uint64_t i = 0; i < n / threads; ++i) {
          const auto got = engine.get({}, 0, key_of(random.below(n)));
          check(got.status());
          hits += got->found() ? 1 : 0;
        }
        found += hits;
      });
    });
  }
  measure("readmissing", n, [&] {
    for (uint64_t i = 0; i < n; ++i) check(engine.get({}, 0, key_of(i) + "x").status());
  });
  uint64_t rows = 0;
  const auto all = engine.iterator({}, Range{});
  check(all.status());
  for (const bool back : {false, true}) {
    rows = 0;
    measure(back ? "readreverse" : "readseq", n, [&] {
      Iterator& it = **all;
      uint64_t bytes = 0;
      for (back ? it.seek_to_last() : it.seek_to_first(); it.valid();
           back ? it.prev() : it.next()) {
        bytes += it.value().size();
        ++rows;
      }
      check(it.status());
      if (bytes != rows * 100) std::abort();
    });
  }
  const Statistics figures = engine.statistics();
  std::printf("rows %llu, found %llu, tables %llu, flushes %llu, compactions %llu, WA %.2f\n",
              static_cast<unsigned long long>(rows), static_cast<unsigned long long>(found.load()),
              static_cast<unsigned long long>(figures.tables),
              static_cast<unsigned long long>(figures.flushes),
              static_cast<unsigned long long>(figures.compactions), figures.write_amplification());
  return 0;
}
