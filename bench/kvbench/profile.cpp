#include "profile.hpp"

namespace kvbench {
namespace {

Row row(const char* name, const char* workload) {
  Row made;
  made.name = name;
  made.workload = workload;
  return made;
}

Row with_threads(Row base, uint32_t threads) {
  base.name += "-" + std::to_string(threads) + "t";
  base.threads = threads;
  return base;
}

Row with_value(Row base, const char* suffix, uint64_t bytes, uint64_t keys) {
  base.name += suffix;
  base.value_bytes = bytes;
  base.keys = keys;
  return base;
}

Row synced(uint32_t threads, uint64_t operations) {
  Row made = with_threads(row("fillsync", "fillsync"), threads);
  made.sync = true;
  made.operations = operations;
  return made;
}

// 580 MB of data where 256 MB of memory are.
Row larger_than_memory() {
  Row made = row("readrandom-large", "readrandom");
  made.keys = 5'000'000;
  made.cache_mb = 64;
  made.memory_limit_mb = 256;
  made.operations = 50'000;
  return made;
}

}  // namespace

std::vector<Row> quick_profile() {
  return {row("fillseq", "fillseq"),
          row("fillrandom", "fillrandom"),
          row("fillsustained", "fillsustained"),
          row("overwritezipf", "overwritezipf"),
          synced(1, 4000),
          synced(2, 8000),
          synced(8, 16000),
          row("readrandom", "readrandom"),
          with_threads(row("readrandom", "readrandom"), 2),
          row("readmissing", "readmissing"),
          row("multiget", "multiget"),
          row("readseq", "readseq"),
          row("readreverse", "readreverse"),
          row("seek", "seek"),
          row("seek10", "seek10"),
          row("seek100", "seek100"),
          with_threads(row("readwhilewriting", "readwhilewriting"), 2),
          row("ycsba", "ycsba"),
          row("ycsbb", "ycsbb"),
          row("ycsbc", "ycsbc"),
          row("ycsbd", "ycsbd"),
          row("ycsbe", "ycsbe"),
          row("ycsbf", "ycsbf"),
          row("deleterandom", "deleterandom"),
          row("scandeleted", "scandeleted"),
          with_threads(row("fillrandom", "fillrandom"), 2),
          larger_than_memory(),
          with_value(row("fillrandom", "fillrandom"), "-1k", 1024, 400'000),
          with_value(row("fillrandom", "fillrandom"), "-16k", 16384, 40'000)};
}

std::vector<Row> full_profile() {
  std::vector<Row> rows;
  for (Row made : quick_profile()) {
    if (made.value_bytes == 100 && !made.sync) {
      made.keys = 10'000'000;
      made.cache_mb = 2048;
    }
    rows.push_back(made);
  }
  for (const char* workload : {"fillrandom", "readrandom"}) {
    for (const uint32_t threads : {4U, 8U}) {
      rows.push_back(with_threads(row(workload, workload), threads));
    }
    rows.push_back(with_value(row(workload, workload), "-16b", 16, 2'000'000));
    rows.push_back(with_value(row(workload, workload), "-1k", 1024, 1'000'000));
    rows.push_back(with_value(row(workload, workload), "-16k", 16384, 100'000));
  }
  Row large = row("overwrite-10m", "overwrite");
  large.keys = 10'000'000;
  rows.push_back(large);
  return rows;
}

}  // namespace kvbench
