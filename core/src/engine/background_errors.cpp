#include "engine/background_errors.hpp"

#include <string>

namespace kvhost::engine {

namespace {

constexpr int kSoft = 1;
constexpr int kHard = 2;

}  // namespace

void BackgroundErrors::report(std::string_view what, const Status& cause) {
  if (cause.is_ok()) return;
  const int severity = is_passing(cause) ? kSoft : kHard;
  {
    MutexLock lock(mutex_);
    if (severity_.load(std::memory_order_relaxed) >= severity) return;
    cause_ = cause.with_context(what);
    severity_.store(severity, std::memory_order_release);
  }
  logger_.log(LogLevel::kError,
              "writes are refused: " + std::string(what) + ": " + cause.to_string() +
                  (severity == kSoft ? "; they resume by themselves when that has passed"
                                     : "; mend the cause, then run: kvctl resume"));
}

void BackgroundErrors::clear(std::string_view what) {
  {
    MutexLock lock(mutex_);
    if (severity_.load(std::memory_order_relaxed) == 0) return;
    cause_ = Status::ok();
    severity_.store(0, std::memory_order_release);
  }
  logger_.log(LogLevel::kInfo, "writes are accepted again: " + std::string(what));
}

void BackgroundErrors::clear_soft(std::string_view what) {
  if (is_soft()) clear(what);
}

Status BackgroundErrors::cause() const {
  MutexLock lock(mutex_);
  return cause_;
}

Status BackgroundErrors::refusal() const {
  MutexLock lock(mutex_);
  if (cause_.is_ok() || is_passing(cause_)) return cause_;
  return {StatusCode::READ_ONLY, "writes are refused since a failure: " + cause_.to_string()};
}

}  // namespace kvhost::engine
