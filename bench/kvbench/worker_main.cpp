// One measured run of one engine, as a process of its own; prints one JSON object.
//   kvbench_worker_ENGINE load|run WORKLOAD DIRECTORY [name=number…]
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <boost/json/src.hpp>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <map>
#include <string>

#include "processor_time.hpp"
#include "workload.hpp"

namespace kvbench {

void give_up(const std::string& what) {
  std::fprintf(stderr, "kvbench (%s): %s\n", engine_name().c_str(), what.c_str());
  std::_Exit(1);
}

namespace {

using Numbers = std::map<std::string, uint64_t>;

uint64_t number(const Numbers& numbers, const char* name, uint64_t fallback) {
  const auto found = numbers.find(name);
  return found == numbers.end() ? fallback : found->second;
}

// Of this program alone: what getrusage() tells begins with the memory of the program that started
// it.
uint64_t peak_memory_bytes() {
  std::ifstream file("/proc/self/status");
  for (std::string name; file >> name;) {
    uint64_t kilobytes = 0;
    if (name == "VmHWM:" && file >> kilobytes) return kilobytes * 1024;
  }
  return 0;
}

// Bytes that the block device of `directory` has written, everything dirty included: what a process
// is charged for counts whole folios of the page cache. The machine does nothing else meanwhile.
uint64_t device_bytes_written(const std::string& directory) {
  const int file = open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  struct stat status {};
  if (file < 0 || fstat(file, &status) != 0 || syncfs(file) != 0)
    give_up("cannot sync " + directory);
  close(file);
  std::ifstream counters("/sys/dev/block/" + std::to_string(major(status.st_dev)) + ":" +
                         std::to_string(minor(status.st_dev)) + "/stat");
  constexpr int kSectorsWritten = 7;
  uint64_t value = 0;
  for (int i = 0; i < kSectorsWritten; ++i) counters >> value;
  return value * 512;
}

// KVBENCH_MEMORY_GROUP is a control group whose limit holds from here on.
void join_memory_group() {
  const char* const group = std::getenv("KVBENCH_MEMORY_GROUP");
  if (group == nullptr) return;
  std::ofstream members(std::string(group) + "/cgroup.procs");
  if (!(members << 0 << std::flush)) give_up(std::string("cannot join ") + group);
}

boost::json::object report(const RunPlan& plan, const RunOutcome& outcome, double cpu,
                           uint64_t written, uint64_t table_bytes) {
  const double operations = static_cast<double>(outcome.operations);
  const double row_bytes = static_cast<double>(plan.value_bytes + 16);
  const double user_bytes = static_cast<double>(outcome.written) * row_bytes;
  const double live_bytes = static_cast<double>(plan.keys) * row_bytes;
  boost::json::array windows;
  for (const auto count : outcome.latencies.windows()) windows.push_back(count);
  return {{"engine", engine_name()},
          {"workload", plan.workload},
          {"threads", plan.threads},
          {"keys", plan.keys},
          {"value_bytes", plan.value_bytes},
          {"operations", outcome.operations},
          {"seconds", outcome.seconds},
          {"ops_per_s", operations / outcome.seconds},
          {"p50_us", outcome.latencies.percentile_us(0.5)},
          {"p99_us", outcome.latencies.percentile_us(0.99)},
          {"p999_us", outcome.latencies.percentile_us(0.999)},
          {"longest_stall_ms", outcome.latencies.max_us() / 1e3},
          {"cpu_us_per_op", cpu * 1e6 / operations},
          {"peak_memory_bytes", peak_memory_bytes()},
          {"write_amp", user_bytes > 0 ? static_cast<double>(written) / user_bytes : 0.0},
          {"space_amp", static_cast<double>(table_bytes) / live_bytes},
          {"scan_hash", std::to_string(outcome.scan_hash)},
          {"windows_100ms", windows}};
}

int main_of_worker(int argc, char** argv) {
  if (argc < 4) {
    std::cerr << "usage: " << argv[0] << " load|run WORKLOAD DIRECTORY [name=number...]\n";
    return 64;
  }
  Numbers numbers;
  for (int i = 4; i < argc; ++i) {
    const std::string word = argv[i];
    const auto equals = word.find('=');
    if (equals == std::string::npos) give_up("expected name=number, found " + word);
    numbers[word.substr(0, equals)] = std::strtoull(word.c_str() + equals + 1, nullptr, 10);
  }
  RunPlan plan;
  plan.workload = argv[2];
  if (!is_known(plan.workload)) give_up("no workload " + plan.workload);
  plan.keys = number(numbers, "keys", plan.keys);
  plan.operations = number(numbers, "operations", 0);
  plan.value_bytes = number(numbers, "value", plan.value_bytes);
  plan.threads = static_cast<uint32_t>(number(numbers, "threads", 1));
  plan.seed = number(numbers, "seed", 1);
  plan.checks_values = number(numbers, "check", 1) != 0;
  if (plan.value_bytes < 8) give_up("values have at least 8 bytes");

  Settings settings;
  settings.directory = argv[3];
  settings.cache_bytes = number(numbers, "cache_mb", 512) << 20;
  settings.memtable_bytes = number(numbers, "memtable_mb", 64) << 20;
  settings.compress = number(numbers, "lz4", 0) != 0;
  settings.sync = number(numbers, "sync", 0) != 0;
  settings.threads = plan.threads;

  join_memory_group();
  const auto database = open_database(settings);
  if (std::string(argv[1]) == "load") {
    load(*database, plan);
    return 0;
  }
  if (!starts_empty(plan.workload) && number(numbers, "warm", 1) != 0) warm_up(*database, plan);
  prepare(*database, plan);
  const double cpu = cpu_seconds();
  const uint64_t written = device_bytes_written(settings.directory);
  const RunOutcome outcome = run(*database, plan);
  const double cpu_used = cpu_seconds() - cpu;
  std::cout << boost::json::serialize(report(plan, outcome, cpu_used,
                                             device_bytes_written(settings.directory) - written,
                                             database->table_bytes()))
            << "\n";
  return 0;
}

}  // namespace
}  // namespace kvbench

int main(int argc, char** argv) { return kvbench::main_of_worker(argc, argv); }
