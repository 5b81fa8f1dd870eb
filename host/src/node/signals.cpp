#include "node/signals.hpp"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace kvhost::host {
namespace {

sigset_t waited_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set, number);
  return set;
}

timespec to_timespec(std::chrono::nanoseconds time) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(time);
  return {static_cast<time_t>(seconds.count()), static_cast<long>((time - seconds).count())};
}

// The next signal, or 0 when none came in time.
int next_signal(std::chrono::nanoseconds patience) {
  const sigset_t set = waited_signals();
  const timespec limit = to_timespec(patience);
  const int number = sigtimedwait(&set, nullptr, &limit);
  return number > 0 ? number : 0;
}

}  // namespace

void Signals::block() {
  const sigset_t set = waited_signals();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  struct sigaction ignore {};
  ignore.sa_handler = SIG_IGN;
  sigaction(SIGPIPE, &ignore, nullptr);
}

Signals::Signals(Callbacks callbacks)
    : callbacks_(std::move(callbacks)), thread_([this] { run(); }) {}

Signals::~Signals() {
  finished_ = true;
  // Wakes the thread; it looks at finished_ before it acts.
  pthread_kill(thread_.native_handle(), SIGHUP);
  thread_.join();
}

void Signals::run() {
  using Clock = std::chrono::steady_clock;
  constexpr auto kLong = std::chrono::hours(1);
  bool stopping = false;
  Clock::time_point limit;
  while (!finished_) {
    const auto patience = stopping ? limit - Clock::now() : Clock::duration(kLong);
    const int number =
        next_signal(patience > Clock::duration::zero() ? patience : Clock::duration::zero());
    if (finished_) return;
    if (number == SIGHUP) {
      callbacks_.reload();
    } else if (number == 0) {
      if (!stopping || Clock::now() < limit) continue;
      callbacks_.last_words(
          70, "the stop took too long: a plugin, or the start, did not come to an end");
      _exit(70);
    } else if (stopping) {
      callbacks_.last_words(0, "a second signal came: stopping at once");
      _exit(0);
    } else {
      stopping = true;
      limit = Clock::now() + stop_limit_.load();
      callbacks_.terminate();
    }
  }
}

}  // namespace kvhost::host
