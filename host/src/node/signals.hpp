// Signals: blocked before anything is loaded, taken by one thread that waits for them.
//
// SIGTERM, SIGINT   the first stops the node in order, a second one ends the process at once
// SIGHUP            reloads the configuration
// SIGPIPE           ignored: writing to a closed connection is an error like any other
//
// Threads:   block() in main before any other thread is made; the callbacks run on the signal
// thread.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <thread>

namespace kvhost::host {

class Signals {
 public:
  struct Callbacks {
    std::function<void()> terminate;
    std::function<void()> reload;
    // The process is about to end by force, with this exit code; says why in the log.
    std::function<void(int exit_code, const char* why)> last_words;
  };

  static void block();

  explicit Signals(Callbacks callbacks);
  ~Signals();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  // How long the stop after the first SIGTERM may take before the process ends by force, exit 70.
  void set_stop_limit(std::chrono::nanoseconds limit) { stop_limit_ = limit; }

 private:
  void run();

  Callbacks callbacks_;
  std::atomic<std::chrono::nanoseconds> stop_limit_{std::chrono::seconds(20)};
  std::atomic<bool> finished_{false};
  std::thread thread_;
};

}  // namespace kvhost::host
