#include "calibration.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <numeric>
#include <random>
#include <vector>

namespace kvbench {
namespace {

using SteadyClock = std::chrono::steady_clock;

double seconds_since(SteadyClock::time_point begun) {
  return std::chrono::duration<double>(SteadyClock::now() - begun).count();
}

std::string processor_name() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (line.rfind("model name", 0) == 0) return line.substr(line.find(':') + 2);
  }
  return "unknown";
}

// Follows one random cycle through 256 MiB.
double measure_dram_miss_ns() {
  constexpr std::size_t kSlots = std::size_t{1} << 22;
  struct Line {
    uint64_t next;
    uint64_t padding[7];
  };
  // In huge pages: the limit is what the machine can do at best.
  const std::unique_ptr<Line[], decltype(&std::free)> lines(
      static_cast<Line*>(std::aligned_alloc(std::size_t{2} << 20, kSlots * sizeof(Line))),
      &std::free);
  madvise(lines.get(), kSlots * sizeof(Line), MADV_HUGEPAGE);
  std::vector<uint64_t> order(kSlots);
  std::iota(order.begin(), order.end(), 0);
  std::shuffle(order.begin(), order.end(), std::mt19937_64(3));
  for (std::size_t i = 0; i < kSlots; ++i) lines[order[i]].next = order[(i + 1) % kSlots];
  constexpr int kSteps = 2'000'000;
  uint64_t at = 0;
  const auto begun = SteadyClock::now();
  for (int i = 0; i < kSteps; ++i) at = lines[at].next;
  const double taken = seconds_since(begun);
  // The end of the walk is used, or the walk could be left out.
  return taken * 1e9 / kSteps + (at == kSlots ? 1 : 0);
}

double measure_memory_bytes_per_s() {
  std::vector<uint64_t> words(std::size_t{1} << 25, 1);
  double best = 0;
  for (int round = 0; round < 3; ++round) {
    const auto begun = SteadyClock::now();
    const uint64_t sum = std::accumulate(words.begin(), words.end(), uint64_t{0});
    const double taken = seconds_since(begun);
    if (sum != words.size()) return 0;
    best = std::max(best, static_cast<double>(words.size() * 8) / taken);
  }
  return best;
}

void measure_file(const std::string& directory, Machine& machine) {
  const std::string path = directory + "/calibration";
  const int file = open(path.c_str(), O_CREAT | O_RDWR | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0) return;
  const std::string block(std::size_t{1} << 20, 'x');
  constexpr int kBlocks = 256;
  auto begun = SteadyClock::now();
  for (int i = 0; i < kBlocks; ++i) {
    if (write(file, block.data(), block.size()) < 0) break;
  }
  fdatasync(file);
  machine.device_bytes_per_s = static_cast<double>(block.size()) * kBlocks / seconds_since(begun);

  constexpr int kWrites = 20000;
  begun = SteadyClock::now();
  for (int i = 0; i < kWrites; ++i) {
    if (pwrite(file, block.data(), 130, off_t{i} * 130) < 0) break;
  }
  machine.small_write_ns = seconds_since(begun) * 1e9 / kWrites;

  std::vector<double> syncs;
  for (int i = 0; i < 200; ++i) {
    begun = SteadyClock::now();
    if (pwrite(file, block.data(), 130, off_t{i} * 130) < 0) break;
    fdatasync(file);
    syncs.push_back(seconds_since(begun) * 1e6);
  }
  std::nth_element(syncs.begin(), syncs.begin() + static_cast<long>(syncs.size() / 2), syncs.end());
  machine.sync_us = syncs[syncs.size() / 2];
  close(file);
  unlink(path.c_str());
}

}  // namespace

Machine calibrate(const std::string& directory) {
  Machine machine;
  machine.processor = processor_name();
  machine.dram_miss_ns = measure_dram_miss_ns();
  machine.memory_bytes_per_s = measure_memory_bytes_per_s();
  measure_file(directory, machine);
  return machine;
}

double limit_ops_per_s(const Machine& machine, const Row& row) {
  const double row_bytes = static_cast<double>(row.value_bytes + 16);
  const std::string& work = row.workload;
  const double misses = machine.dram_miss_ns * 1e-9;
  if (row.sync) return row.threads / (machine.sync_us * 1e-6);
  if (work.rfind("fill", 0) == 0 || work.rfind("overwrite", 0) == 0) {
    return row.threads / (row_bytes / machine.memory_bytes_per_s + 30e-9 + 2 * misses);
  }
  if (work == "readmissing") return row.threads / (misses + 60e-9);
  if (work == "readseq" || work == "readreverse") return machine.memory_bytes_per_s / row_bytes;
  if (work == "seek10" || work == "seek100") {
    const double rows = work == "seek10" ? 11 : 101;
    return row.threads / (3 * misses + rows * row_bytes / machine.memory_bytes_per_s);
  }
  return row.threads / (3 * misses);
}

}  // namespace kvbench
