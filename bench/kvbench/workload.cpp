#include "workload.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <thread>
#include <vector>

#include "generator.hpp"

namespace kvbench {
namespace {

using SteadyClock = std::chrono::steady_clock;

// One thread's share of a run.
struct Worker {
  Database& database;
  const RunPlan& plan;
  const Values& values;
  uint32_t thread = 0;
  uint64_t first = 0;  // of its operations
  uint64_t last = 0;
  SteadyClock::time_point begun;
  const std::atomic<bool>* stop = nullptr;
  LatencyRecorder latencies;
  uint64_t done = 0;  // keys
  uint64_t written = 0;
  uint64_t hash = 0;

  uint64_t now_ns() const {
    return static_cast<uint64_t>(
        std::chrono::duration_cast<std::chrono::nanoseconds>(SteadyClock::now() - begun).count());
  }
  // Times one operation that moves `keys` keys.
  template <typename Operation>
  void timed(uint64_t keys, Operation operation) {
    const uint64_t start = now_ns();
    operation();
    const uint64_t end = now_ns();
    latencies.record(end, end - start);
    done += keys;
  }
  void put(const Key& key, std::string_view value) {
    database.put(key.view(), value);
    ++written;
  }
  void erase(const Key& key) {
    database.erase(key.view());
    ++written;
  }
};

class Checker final : public ValueVisitor {
 public:
  Checker(const Values& values, std::vector<uint64_t> numbers)
      : values_(values), numbers_(std::move(numbers)) {}
  explicit Checker(const Values& values) : values_(values), numbers_(1) {}
  void expect(uint64_t number) { numbers_[0] = number; }
  void visit(std::size_t index, std::string_view value) override {
    if (!values_.is_value_of(value, numbers_[index])) give_up("a value is not what was written");
    ++seen_;
  }
  uint64_t seen() const { return seen_; }

 private:
  const Values& values_;
  std::vector<uint64_t> numbers_;
  uint64_t seen_ = 0;
};

// Half of the keys are deleted, spread over all of them, so that a scan meets the gaps everywhere.
uint64_t live_after_deletes(const RunPlan& plan) { return plan.keys - plan.keys / 2; }

void fill(Worker& work, bool is_sequential) {
  std::string value;
  for (uint64_t i = work.first; i < work.last; ++i) {
    const uint64_t number = key_number(i, is_sequential);
    work.values.make(number, 1, value);
    const Key key(number);
    work.timed(1, [&] { work.put(key, value); });
  }
}

void overwrite(Worker& work, bool is_zipfian) {
  Chooser chooser(work.plan.keys, is_zipfian, work.plan.seed * 1000 + work.thread);
  std::string value;
  for (uint64_t i = work.first; i < work.last; ++i) {
    const uint64_t number = key_number(chooser.next(), false);
    work.values.make(number, i + 2, value);
    const Key key(number);
    work.timed(1, [&] { work.put(key, value); });
  }
}

void read_random(Worker& work, bool is_zipfian) {
  Chooser chooser(work.plan.keys, is_zipfian, work.plan.seed * 1000 + work.thread);
  Checker checker(work.values);
  for (uint64_t i = work.first; i < work.last; ++i) {
    const uint64_t number = key_number(chooser.next(), false);
    const Key key(number);
    checker.expect(number);
    work.timed(1, [&] {
      if (!work.database.get(key.view(), checker)) give_up("a key is missing");
    });
  }
}

void read_missing(Worker& work) {
  Chooser chooser(work.plan.keys, false, work.plan.seed * 1000 + work.thread);
  Checker checker(work.values);
  for (uint64_t i = work.first; i < work.last; ++i) {
    // Beside a key that is there, so that fences alone do not answer.
    const Key key(key_number(chooser.next(), false) ^ 1);
    work.timed(1, [&] { work.database.get(key.view(), checker); });
  }
  if (checker.seen() != 0) give_up("a key that was never written is there");
}

void multi_get(Worker& work) {
  constexpr std::size_t kBatch = 32;
  Chooser chooser(work.plan.keys, false, work.plan.seed * 1000 + work.thread);
  for (uint64_t i = work.first; i < work.last; i += kBatch) {
    std::vector<uint64_t> numbers;
    std::vector<Key> keys;
    std::vector<std::string_view> views;
    for (std::size_t k = 0; k < kBatch; ++k) numbers.push_back(key_number(chooser.next(), false));
    for (const uint64_t number : numbers) keys.emplace_back(number);
    for (const Key& key : keys) views.push_back(key.view());
    Checker checker(work.values, numbers);
    work.timed(kBatch, [&] { work.database.multi_get(views, checker); });
    if (checker.seen() != kBatch) give_up("a key is missing");
  }
}

void scan_all(Worker& work, bool is_reverse) {
  const auto cursor = work.database.cursor();
  uint64_t rows = 0;
  is_reverse ? cursor->seek_to_last() : cursor->seek_to_first();
  while (cursor->valid()) {
    const uint64_t number = Key::number_of(cursor->key());
    if (!work.values.is_value_of(cursor->value(), number)) give_up("a scanned value is wrong");
    // Order matters for readseq: the hash of a whole scan is compared across engines.
    work.hash = scramble(work.hash * (is_reverse ? 1 : 3) + number);
    ++rows;
    if (rows % 256 == 0) work.latencies.count_window(work.now_ns(), 256);
    is_reverse ? cursor->prev() : cursor->next();
  }
  work.done = rows;
  const uint64_t expected =
      work.plan.workload == "scandeleted" ? live_after_deletes(work.plan) : work.plan.keys;
  if (rows != expected) give_up("rows are missing or too many");
}

void seek_random(Worker& work, int nexts, bool reuse) {
  Chooser chooser(work.plan.keys, false, work.plan.seed * 1000 + work.thread);
  auto cursor = work.database.cursor();
  for (uint64_t i = work.first; i < work.last; ++i) {
    const uint64_t number = key_number(chooser.next(), false);
    const Key key(number);
    work.timed(1, [&] {
      if (!reuse) cursor = work.database.cursor();
      cursor->seek(key.view());
      if (!cursor->valid() || cursor->key() != key.view()) give_up("seek missed its key");
      if (!work.values.is_value_of(cursor->value(), number)) give_up("a sought value is wrong");
      for (int n = 0; n < nexts && cursor->valid(); ++n) {
        cursor->next();
        if (cursor->valid()) work.hash += static_cast<unsigned char>(cursor->value()[0]);
      }
    });
  }
}

// The first thread reads, the others write until it is done.
void read_while_writing(Worker& work) {
  if (work.thread != 0) {
    Chooser chooser(work.plan.keys, false, work.plan.seed * 1000 + work.thread);
    std::string value;
    for (uint64_t i = 0; !work.stop->load(std::memory_order_relaxed); ++i) {
      const uint64_t number = key_number(chooser.next(), false);
      work.values.make(number, i + 2, value);
      work.put(Key(number), value);
    }
    return;
  }
  read_random(work, false);
}

void erase_random(Worker& work) {
  for (uint64_t i = work.first; i < work.last; ++i) {
    const Key key(key_number(i, false));
    work.timed(1, [&] { work.erase(key); });
  }
}

// YCSB's core workloads: shares of reads, updates, inserts, scans and read-modify-writes.
struct Mix {
  int read, update, insert, scan, modify;
};

void ycsb(Worker& work, Mix mix) {
  Chooser chooser(work.plan.keys, true, work.plan.seed * 1000 + work.thread);
  Checker checker(work.values);
  std::string value;
  uint64_t next_insert = work.plan.keys + work.first * 2;
  for (uint64_t i = work.first; i < work.last; ++i) {
    const int dice = static_cast<int>(chooser.raw() % 100);
    const uint64_t number = key_number(chooser.next(), false);
    const Key key(number);
    checker.expect(number);
    const auto read = [&] { work.database.get(key.view(), checker); };
    const auto update = [&] {
      work.values.make(number, i + 2, value);
      work.put(key, value);
    };
    if (dice < mix.read) {
      work.timed(1, read);
    } else if (dice < mix.read + mix.update) {
      work.timed(1, update);
    } else if (dice < mix.read + mix.update + mix.insert) {
      const uint64_t fresh = key_number(next_insert++, false);
      work.values.make(fresh, 1, value);
      work.timed(1, [&] { work.put(Key(fresh), value); });
    } else if (dice < mix.read + mix.update + mix.insert + mix.scan) {
      work.timed(1, [&] {
        const auto cursor = work.database.cursor();
        cursor->seek(key.view());
        for (int n = 0; n < 50 && cursor->valid(); ++n, cursor->next()) {
          work.hash += static_cast<unsigned char>(cursor->value()[0]);
        }
      });
    } else {
      work.timed(1, [&] {
        read();
        update();
      });
    }
  }
}

struct Workload {
  std::function<void(Worker&)> body;
  bool starts_empty = false;
  bool counts_settling = false;
  // Operations for a data set of `keys`.
  double operations_per_key = 1;
};

const std::map<std::string, Workload>& workloads() {
  static const std::map<std::string, Workload> table = {
      {"fillseq", {[](Worker& w) { fill(w, true); }, true, false, 1}},
      {"fillrandom", {[](Worker& w) { fill(w, false); }, true, false, 1}},
      {"fillsustained", {[](Worker& w) { fill(w, false); }, true, true, 1}},
      {"fillsync", {[](Worker& w) { fill(w, false); }, true, false, 0.01}},
      {"overwrite", {[](Worker& w) { overwrite(w, false); }, false, true, 1}},
      {"overwritezipf", {[](Worker& w) { overwrite(w, true); }, false, true, 1}},
      {"readrandom", {[](Worker& w) { read_random(w, false); }, false, false, 1}},
      {"readzipf", {[](Worker& w) { read_random(w, true); }, false, false, 1}},
      {"readmissing", {[](Worker& w) { read_missing(w); }, false, false, 1}},
      {"multiget", {[](Worker& w) { multi_get(w); }, false, false, 1}},
      {"readseq", {[](Worker& w) { scan_all(w, false); }, false, false, 1}},
      {"readreverse", {[](Worker& w) { scan_all(w, true); }, false, false, 1}},
      {"seek", {[](Worker& w) { seek_random(w, 0, false); }, false, false, 0.25}},
      {"seekreuse", {[](Worker& w) { seek_random(w, 0, true); }, false, false, 0.25}},
      {"seek10", {[](Worker& w) { seek_random(w, 10, false); }, false, false, 0.25}},
      {"seek100", {[](Worker& w) { seek_random(w, 100, false); }, false, false, 0.05}},
      {"readwhilewriting", {[](Worker& w) { read_while_writing(w); }, false, false, 0.5}},
      {"scandeleted", {[](Worker& w) { scan_all(w, false); }, false, false, 1}},
      {"deleterandom", {[](Worker& w) { erase_random(w); }, false, true, 0.5}},
      {"ycsba",
       {[](Worker& w) {
          ycsb(w, {50, 50, 0, 0, 0});
        },
        false, false, 0.5}},
      {"ycsbb",
       {[](Worker& w) {
          ycsb(w, {95, 5, 0, 0, 0});
        },
        false, false, 0.5}},
      {"ycsbc",
       {[](Worker& w) {
          ycsb(w, {100, 0, 0, 0, 0});
        },
        false, false, 0.5}},
      {"ycsbd",
       {[](Worker& w) {
          ycsb(w, {95, 0, 5, 0, 0});
        },
        false, false, 0.5}},
      {"ycsbe",
       {[](Worker& w) {
          ycsb(w, {0, 0, 5, 95, 0});
        },
        false, false, 0.05}},
      {"ycsbf",
       {[](Worker& w) {
          ycsb(w, {50, 0, 0, 0, 50});
        },
        false, false, 0.5}},
  };
  return table;
}

}  // namespace

bool is_known(const std::string& workload) { return workloads().count(workload) != 0; }
bool starts_empty(const std::string& workload) { return workloads().at(workload).starts_empty; }
bool counts_settling(const std::string& workload) {
  return workloads().at(workload).counts_settling;
}

void load(Database& database, const RunPlan& plan) {
  const Values values(plan.value_bytes);
  std::string value;
  for (uint64_t i = 0; i < plan.keys; ++i) {
    const uint64_t number = key_number(i, false);
    values.make(number, 1, value);
    database.put(Key(number).view(), value);
  }
  database.settle();
}

void warm_up(Database& database, const RunPlan& plan) {
  const Values values(plan.value_bytes);
  const auto cursor = database.cursor();
  uint64_t rows = 0;
  for (cursor->seek_to_first(); cursor->valid(); cursor->next(), ++rows) {
    if (!values.is_value_of(cursor->value(), Key::number_of(cursor->key()))) {
      give_up("a loaded value is wrong");
    }
  }
  if (rows != plan.keys) give_up("a loaded key is missing");
}

void prepare(Database& database, const RunPlan& plan) {
  if (plan.workload != "scandeleted") return;
  for (uint64_t i = 0; i < plan.keys / 2; ++i) database.erase(Key(key_number(i, false)).view());
}

RunOutcome run(Database& database, const RunPlan& plan) {
  const Workload& workload = workloads().at(plan.workload);
  const Values values(plan.value_bytes, plan.checks_values);
  const uint64_t total =
      plan.operations != 0
          ? plan.operations
          : std::max<uint64_t>(1, static_cast<uint64_t>(static_cast<double>(plan.keys) *
                                                        workload.operations_per_key));
  std::atomic<bool> stop{false};
  const auto begun = SteadyClock::now();
  std::vector<Worker> workers;
  for (uint32_t t = 0; t < plan.threads; ++t) {
    workers.push_back({database,
                       plan,
                       values,
                       t,
                       total * t / plan.threads,
                       total * (t + 1) / plan.threads,
                       begun,
                       &stop,
                       {},
                       0,
                       0,
                       0});
  }
  if (plan.workload == "readwhilewriting") workers[0].last = total;
  std::vector<std::thread> threads;
  for (auto& worker : workers) threads.emplace_back([&] { workload.body(worker); });
  threads[0].join();
  stop = true;
  for (std::size_t t = 1; t < threads.size(); ++t) threads[t].join();
  if (workload.counts_settling) database.settle();

  RunOutcome outcome;
  outcome.seconds = std::chrono::duration<double>(SteadyClock::now() - begun).count();
  for (const auto& worker : workers) {
    outcome.operations += worker.done;
    outcome.written += worker.written;
    outcome.latencies.merge(worker.latencies);
    outcome.scan_hash += worker.hash;
  }
  return outcome;
}

}  // namespace kvbench
