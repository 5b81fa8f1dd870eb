// A store over a real engine on a file system in memory, and calls that wait for their answer.
#pragma once

#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "kvhost/store.hpp"
#include "services/executor_service.hpp"
#include "services/timer_service.hpp"
#include "store/pending_call.hpp"
#include "store/store_facade.hpp"
#include "support/crash_file_system.hpp"
#include "unit/host_store/engine_proxy.hpp"

namespace kvhost::host::testing {

using namespace std::chrono_literals;

class TestClock final : public engine::Clock {
 public:
  uint64_t wall_ms() override { return wall_ms_; }
  uint64_t monotonic_ns() override { return engine::system_clock().monotonic_ns() + added_ns_; }
  void advance(std::chrono::milliseconds by) {
    wall_ms_ += static_cast<uint64_t>(by.count());
    added_ns_ += static_cast<uint64_t>(by.count()) * 1'000'000;
  }

 private:
  std::atomic<uint64_t> wall_ms_{1'700'000'000'000};
  std::atomic<uint64_t> added_ns_{0};
};

// Waits for a number to be reached, on any thread; ends the test program after ten seconds. Make it
// before the node whose threads use it.
class Counter {
 public:
  void add() {
    const std::lock_guard lock(mutex_);
    ++count_;
    changed_.notify_all();
  }
  int value() const {
    const std::lock_guard lock(mutex_);
    return count_;
  }
  void wait_for(int wanted) {
    std::unique_lock lock(mutex_);
    const bool reached = changed_.wait_for(lock, 10s, [&] { return count_ >= wanted; });
    if (reached) return;
    // Catch's assertions belong to the main thread.
    std::fprintf(stderr, "waited in vain for %d, still at %d\n", wanted, count_);
    std::abort();
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  int count_ = 0;
};

// The last reference to a call goes after its answer: looks again until `holds`, for ten seconds.
template <typename Condition>
bool eventually(Condition holds) {
  const uint64_t deadline = monotonic_ns() + 10'000'000'000;
  while (!holds()) {
    if (monotonic_ns() > deadline) return false;
    std::this_thread::yield();
  }
  return true;
}

// What a call came to. Shared with the callback, which may come late.
struct Answer {
  Counter completions;
  Status status;
  std::vector<std::pair<std::string, std::string>> rows;
  std::vector<bool> found;
  std::vector<uint64_t> versions;
  std::vector<uint64_t> ttls;
  WriteReply reply;
  std::string json;

  void wait() { completions.wait_for(1); }
};
using AnswerPtr = std::shared_ptr<Answer>;

class StoreFixture {
 public:
  explicit StoreFixture(StoreSettings settings = {}, Ordering* ordering = nullptr,
                        bool own_log = false)
      : timer(),
        executor({{2, 64}, {1, 8}}),
        facade(std::make_unique<StoreFacade>(std::move(settings), timer, executor)) {
    open_engine(own_log);
    facade->attach(*engine, ordering, nullptr);
    facade->serve();
    session = *facade->store().open_session("test", "nowhere");
  }
  ~StoreFixture() {
    if (engine != nullptr) {
      engine->hold_answers = false;
      engine->release();
    }
    facade->stop();
    executor.stop();
    timer.stop();
  }

  void open_engine(bool own_log) {
    engine::Options options;
    options.memory = 16 << 20;
    options.memtable_size = 1 << 20;
    options.wal_segment_size = 1 << 20;
    options.wal_sync = own_log ? engine::WalSync::kOff : engine::WalSync::kNever;
    engine::Environment environment;
    environment.file_system = &files;
    environment.clock = &clock;
    auto opened = engine::Engine::open("/data", options, environment);
    INFO(opened.status().to_string());
    REQUIRE(opened.has_value());
    engine = std::make_unique<EngineProxy>(std::move(*opened));
  }

  Store store() const { return facade->store(); }
  Call call(std::string_view request_id = {}) const {
    Call made;
    made.session = session;
    made.request_id = request_id;
    return made;
  }

  AnswerPtr start_read(const Call& how, std::vector<std::string_view> keys) const {
    auto answer = std::make_shared<Answer>();
    store().read(
        how, keys,
        [answer](const EntryView& entry) {
          answer->rows.emplace_back(entry.key, entry.value);
          answer->found.push_back(entry.found);
          answer->versions.push_back(entry.version);
          answer->ttls.push_back(entry.ttl_ms);
        },
        [answer](const Status& status) {
          answer->status = status;
          answer->completions.add();
        });
    return answer;
  }
  AnswerPtr start_write(const Call& how, const WriteRequest& request) const {
    auto answer = std::make_shared<Answer>();
    store().write(how, request, [answer](const Status& status, WriteReply reply) {
      answer->status = status;
      answer->reply = std::move(reply);
      answer->completions.add();
    });
    return answer;
  }
  AnswerPtr start_page(const Call& how, uint64_t cursor, uint64_t rows, uint64_t bytes = 0) const {
    auto answer = std::make_shared<Answer>();
    store().next_rows(
        how, cursor, rows, bytes,
        [answer](const EntryView& entry) {
          answer->rows.emplace_back(entry.key, entry.value);
          answer->versions.push_back(entry.version);
          answer->ttls.push_back(entry.ttl_ms);
        },
        [answer](const Status& status) {
          answer->status = status;
          answer->completions.add();
        });
    return answer;
  }
  AnswerPtr run_command(std::string_view name, std::string_view arguments = {}) const {
    auto answer = std::make_shared<Answer>();
    store().command(call(), name, arguments, [answer](const Status& status, std::string json) {
      answer->status = status;
      answer->json = std::move(json);
      answer->completions.add();
    });
    answer->wait();
    return answer;
  }

  Answer& finished(const AnswerPtr& answer) const {
    answer->wait();
    return *answer;
  }
  AnswerPtr read(std::vector<std::string_view> keys) const {
    auto answer = start_read(call(), std::move(keys));
    answer->wait();
    return answer;
  }
  AnswerPtr write(const WriteRequest& request, std::string_view request_id = {}) const {
    auto answer = start_write(call(request_id), request);
    answer->wait();
    return answer;
  }
  AnswerPtr put(std::string_view key, std::string_view value, uint64_t ttl_ms = 0) const {
    WriteRequest request;
    request.put(key, value, ttl_ms);
    return write(request);
  }
  std::string get(std::string_view key) const {
    const auto answer = read({key});
    if (!answer->status.is_ok()) return answer->status.to_string();
    return answer->found.at(0) ? answer->rows.at(0).second : "(absent)";
  }

  engine::testing::CrashFileSystem files;
  TestClock clock;
  TimerService timer;
  ExecutorService executor;
  std::unique_ptr<EngineProxy> engine;
  std::unique_ptr<StoreFacade> facade;
  uint64_t session = 0;
};

inline WriteRequest put_request(std::string_view key, std::string_view value) {
  WriteRequest request;
  request.put(key, value);
  return request;
}

}  // namespace kvhost::host::testing
