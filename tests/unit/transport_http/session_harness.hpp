// One session with a store in memory, a loop that runs when told and a clock that stands still.
//
//   SessionHarness http;
//   const Answer answer = http.ask("GET", "/key");
//
// Threads:   one; a FakeStore of kThread may post from its own.
#pragma once

#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "answers.hpp"
#include "session/session.hpp"
#include "support/fake_host.hpp"
#include "support/fake_store.hpp"

namespace kvhost::http::testing {

using kvhost::testing::Completion;
using kvhost::testing::FakeHost;
using kvhost::testing::FakeStore;

class ManualLoop final : public Loop {
 public:
  void post(std::unique_ptr<Task> task) override {
    const std::lock_guard lock(mutex_);
    tasks_.push_back(std::move(task));
  }
  TimePoint now() const override { return now_; }
  int64_t wall_seconds() const override { return 784'111'777; }
  void advance(std::chrono::nanoseconds by) { now_ += by; }
  bool run_one() {
    std::unique_ptr<Task> task;
    {
      const std::lock_guard lock(mutex_);
      if (tasks_.empty()) return false;
      task = std::move(tasks_.front());
      tasks_.pop_front();
    }
    task->run();
    return true;
  }
  void run() {
    while (run_one()) continue;
  }

 private:
  std::mutex mutex_;
  std::deque<std::unique_ptr<Task>> tasks_;
  TimePoint now_{std::chrono::hours(1)};
};

inline Limits small_limits() {
  Limits limits;
  limits.max_key_bytes = 256;
  limits.max_value_bytes = 4096;
  limits.max_batch_bytes = 16'384;
  limits.max_pipelined = 8;
  return limits;
}

class SessionHarness {
 public:
  explicit SessionHarness(Completion completion = Completion::kAtOnce,
                          Limits limits = small_limits())
      : store(completion),
        host(store.table()),
        bodies(uint64_t{1} << 20),
        service(Store(store.table()), loop, limits, bodies, Context(host.table()).metrics()),
        session(std::make_shared<HttpSession>(service, "127.0.0.1:5000")) {}
  ~SessionHarness() {
    session->close();
    session.reset();
    store.complete_all();
    loop.run();
  }

  // Bytes in; what comes out is appended to `out`, and counts as written.
  void send(std::string_view bytes) {
    session->receive(bytes);
    settle();
  }
  void settle() {
    loop.run();
    while (session->has_output()) {
      std::size_t count = 0;
      for (const auto& piece : session->take_output()) {
        out += piece;
        count += piece.size();
      }
      session->written(count);
      loop.run();
    }
  }
  std::vector<Answer> answers() { return read_answers(std::exchange(out, {})); }
  std::vector<Answer> send_all(std::string_view bytes) {
    send(bytes);
    return answers();
  }
  // One request, one answer.
  Answer ask(std::string_view method, std::string_view target, std::string_view headers = {},
             std::string_view body = {}) {
    send(request(method, target, headers, body));
    auto all = read_answers(std::exchange(out, {}), method == "HEAD");
    if (all.size() != 1) throw std::runtime_error(std::to_string(all.size()) + " answers, not 1");
    return all.front();
  }
  static std::string request(std::string_view method, std::string_view target,
                             std::string_view headers = {}, std::string_view body = {}) {
    std::string text = std::string(method) + " " + std::string(target) + " HTTP/1.1\r\nHost: x\r\n";
    text += headers;
    if (!body.empty()) text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
    return text + "\r\n" + std::string(body);
  }

  FakeStore store;
  FakeHost host;
  ManualLoop loop;
  BodyBudget bodies;
  Service service;
  std::shared_ptr<HttpSession> session;
  std::string out;
};

}  // namespace kvhost::http::testing
