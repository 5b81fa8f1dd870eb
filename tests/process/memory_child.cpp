// Loads far more than its budget of memory, with every kind of traffic, and says what it took.
//
// usage: memory_child DIRECTORY BUDGET_MIB DATA_MIB
//   prints: peak_rss_kib N, peak_accounted_bytes N
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "kvhost/engine/allocator.hpp"
#include "kvhost/engine/engine.hpp"

using namespace kvhost::engine;  // NOLINT(*-build-using-namespace)

namespace {

[[noreturn]] void give_up(const std::string& why) {
  std::fprintf(stderr, "memory_child: %s\n", why.c_str());
  std::_Exit(1);
}

// Bytes that do not compress, the same for the same number.
std::string value_of(uint64_t number, std::size_t size) {
  std::string value(size, '\0');
  uint64_t state = number * 0x9E3779B97F4A7C15u + 1;
  for (char& byte : value) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    byte = static_cast<char>(state);
  }
  return value;
}

std::string key_of(uint64_t number) { return "key" + std::to_string(number * 7919 % 1'000'003); }

void write(Engine& engine, uint64_t number) {
  WriteBatch batch;
  batch.put(0, key_of(number), value_of(number, 1000));
  if (number % 10 == 0) batch.increment(1, "counter", 1);
  if (number % 50 == 0) batch.erase(0, key_of(number / 2));
  if (number % 1000 == 0) batch.put(0, "large" + std::to_string(number), value_of(number, 1 << 20));
  if (const auto written = engine.write({}, batch); !written) {
    give_up(written.status().to_string());
  }
}

void read(Engine& engine, uint64_t newest, uint64_t round) {
  const auto snapshot = engine.snapshot();
  ReadOptions options;
  options.snapshot = snapshot.get();
  std::vector<std::string> keys;
  std::vector<KeyRef> refs;
  for (uint64_t i = 0; i < 50; ++i) keys.push_back(key_of((round * 31 + i * 17) % (newest + 1)));
  for (const std::string& key : keys) refs.push_back({0, key});
  if (const auto got = engine.multi_get(options, refs); !got) give_up(got.status().to_string());
  auto made = engine.iterator(options, {});
  if (!made) give_up(made.status().to_string());
  Iterator& it = **made;
  it.seek(keys.front());
  for (int i = 0; i < 200 && it.valid(); ++i) it.next();
  for (int i = 0; i < 50 && it.valid(); ++i) it.prev();
  if (!it.status().is_ok()) give_up(it.status().to_string());
}

uint64_t accounted_bytes(Engine& engine) {
  const Statistics all = engine.statistics();
  return all.memtable_bytes + all.block_cache_bytes + all.filter_and_fence_bytes;
}

uint64_t peak_rss_kib() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.rfind("VmHWM:", 0) == 0) return std::strtoull(line.c_str() + 6, nullptr, 10);
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) give_up("usage: DIRECTORY BUDGET_MIB DATA_MIB");
  tune_allocator();
  Options options;
  options.memory = std::strtoull(argv[2], nullptr, 10) << 20;
  options.memtable_size = options.memory / 8;
  options.target_file_size = uint64_t{4} << 20;
  options.wal_segment_size = uint64_t{8} << 20;
  options.wal_sync = WalSync::kNever;
  const uint64_t writes = (std::strtoull(argv[3], nullptr, 10) << 20) / 2000;
  auto opened = Engine::open(argv[1], options, {});
  if (!opened) give_up(opened.status().to_string());
  Engine& engine = **opened;
  uint64_t peak_accounted = 0;
  for (uint64_t number = 0; number < writes; ++number) {
    write(engine, number);
    if (number % 500 == 499) {
      read(engine, number, number / 500);
      peak_accounted = std::max(peak_accounted, accounted_bytes(engine));
    }
    if (number == writes / 2) {
      if (const auto made = engine.checkpoint(std::string(argv[1]) + ".copy"); !made) {
        give_up(made.to_string());
      }
    }
  }
  std::printf("peak_rss_kib %llu\npeak_accounted_bytes %llu\n",
              static_cast<unsigned long long>(peak_rss_kib()),
              static_cast<unsigned long long>(peak_accounted));
  return 0;
}
