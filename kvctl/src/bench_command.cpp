// bench: a short load on one pipelined connection.
#include <condition_variable>
#include <cstdio>
#include <mutex>
#include <random>

#include "command_table.hpp"
#include "latencies.hpp"

namespace kvhost::kvctl {

namespace json = boost::json;

namespace {

using Clock = std::chrono::steady_clock;
constexpr std::string_view kPrefix = "kvctl-bench:";

struct Load {
  int64_t seconds = 5;
  int64_t keys = 100'000;
  int64_t value_size = 100;
  int64_t read_percent = 50;
  int64_t in_flight = 64;
};

struct Outcome {
  Latencies reads;
  Latencies writes;
  uint64_t failures = 0;
  Status first_failure;
  double seconds = 0;
};

Result<int64_t> bounded(Invocation& call, const std::string& name, int64_t fallback, int64_t least,
                        int64_t most) {
  KVHOST_TRY_ASSIGN(const auto given, call.integer_option(name));
  const int64_t value = given.value_or(fallback);
  if (value >= least && value <= most) return value;
  return call.usage("--" + name + ": expected " + std::to_string(least) + " to " +
                    std::to_string(most));
}

Result<Load> load_of(Invocation& call) {
  Load load;
  KVHOST_TRY_ASSIGN(load.seconds, bounded(call, "seconds", load.seconds, 0, 3600));
  KVHOST_TRY_ASSIGN(load.keys, bounded(call, "keys", load.keys, 1, 1'000'000'000));
  KVHOST_TRY_ASSIGN(load.value_size, bounded(call, "value-size", load.value_size, 0, 1 << 20));
  KVHOST_TRY_ASSIGN(load.read_percent, bounded(call, "reads", load.read_percent, 0, 100));
  KVHOST_TRY_ASSIGN(load.in_flight, bounded(call, "in-flight", load.in_flight, 1, 1024));
  return load;
}

// Keeps `in_flight` requests under way until the time is up.
class Driver {
 public:
  Driver(client::Client& client, const Load& load)
      : client_(client), load_(load), value_(static_cast<std::size_t>(load.value_size), 'v') {}

  Outcome run() {
    const auto begin = Clock::now();
    const auto end = begin + std::chrono::seconds(load_.seconds);
    do {
      {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return in_flight_ < load_.in_flight; });
        if (outcome_.failures > 100) break;
        ++in_flight_;
      }
      issue();
    } while (Clock::now() < end);
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return in_flight_ == 0; });
    outcome_.seconds = std::chrono::duration<double>(Clock::now() - begin).count();
    return outcome_;
  }

 private:
  void issue() {
    const std::string key =
        std::string(kPrefix) + std::to_string(random_() % static_cast<uint64_t>(load_.keys));
    const bool is_read = static_cast<int64_t>(random_() % 100) < load_.read_percent;
    const auto begin = Clock::now();
    if (is_read) {
      client_.async_get(key, {}, [this, begin](const auto& entry) {
        finish(entry.status(), begin, outcome_.reads);
      });
    } else {
      client_.async_put(key, value_, {}, [this, begin](const auto& version) {
        finish(version.status(), begin, outcome_.writes);
      });
    }
  }
  void finish(const Status& status, Clock::time_point begin, Latencies& latencies) {
    const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
    const std::lock_guard lock(mutex_);
    if (status.is_ok()) {
      latencies.add(seconds);
    } else if (outcome_.failures++ == 0) {
      outcome_.first_failure = status;
    }
    --in_flight_;
    changed_.notify_one();
  }

  client::Client& client_;
  const Load load_;
  const std::string value_;
  std::mt19937_64 random_{20261};
  std::mutex mutex_;
  std::condition_variable changed_;
  int64_t in_flight_ = 0;
  Outcome outcome_;
};

json::object side_json(const Latencies& latencies, double seconds) {
  return {{"operations", latencies.count()},
          {"per_second", static_cast<uint64_t>(static_cast<double>(latencies.count()) / seconds)},
          {"p50_us", latencies.quantile_us(0.5)},
          {"p99_us", latencies.quantile_us(0.99)},
          {"p999_us", latencies.quantile_us(0.999)}};
}

std::string side_text(const char* name, const Latencies& latencies, double seconds) {
  char line[160];
  std::snprintf(line, sizeof(line), "%-7s %10llu  %9.0f/s  p50 %llu us  p99 %llu us  p99.9 %llu us",
                name, static_cast<unsigned long long>(latencies.count()),
                static_cast<double>(latencies.count()) / seconds,
                static_cast<unsigned long long>(latencies.quantile_us(0.5)),
                static_cast<unsigned long long>(latencies.quantile_us(0.99)),
                static_cast<unsigned long long>(latencies.quantile_us(0.999)));
  return line;
}

}  // namespace

Status run_bench(Invocation& call) {
  KVHOST_TRY_ASSIGN(const auto load, load_of(call));
  KVHOST_TRY_ASSIGN(auto* const client, call.client());
  const Outcome outcome = Driver(*client, load).run();
  const auto mine = client::Range::with_prefix(kPrefix);
  const Status cleaned =
      client->write(client::WriteBatch().erase_range(mine.start, *mine.end)).status();
  const double seconds = std::max(outcome.seconds, 1e-9);
  call.print(side_text("reads", outcome.reads, seconds) + "\n" +
                 side_text("writes", outcome.writes, seconds),
             {{"seconds", seconds},
              {"reads", side_json(outcome.reads, seconds)},
              {"writes", side_json(outcome.writes, seconds)},
              {"failures", outcome.failures}});
  if (outcome.failures != 0) {
    return outcome.first_failure.with_context(std::to_string(outcome.failures) +
                                              " requests failed, the first");
  }
  return cleaned;
}

}  // namespace kvhost::kvctl
