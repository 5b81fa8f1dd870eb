// The commands that took long, newest first.
//
// Threads:   any.
// Limits:    32 words of 128 bytes of each command are kept.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kvhost::resp {

struct SlowCommand {
  uint64_t id = 0;
  uint64_t unix_seconds = 0;
  uint64_t duration_us = 0;
  std::vector<std::string> words;
  std::string client_address;
  std::string client_name;
};

class SlowLog {
 public:
  static std::vector<std::string> shortened(std::span<const std::string_view> words);

  void add(SlowCommand command, std::size_t max_length) {
    const std::lock_guard lock(mutex_);
    command.id = next_id_++;
    commands_.push_front(std::move(command));
    while (commands_.size() > max_length) commands_.pop_back();
  }
  std::vector<SlowCommand> newest(std::size_t count) const {
    const std::lock_guard lock(mutex_);
    const std::size_t kept = std::min(count, commands_.size());
    return {commands_.begin(), commands_.begin() + static_cast<std::ptrdiff_t>(kept)};
  }
  std::size_t length() const {
    const std::lock_guard lock(mutex_);
    return commands_.size();
  }
  void reset() {
    const std::lock_guard lock(mutex_);
    commands_.clear();
  }

 private:
  mutable std::mutex mutex_;
  uint64_t next_id_ = 0;
  std::deque<SlowCommand> commands_;
};

}  // namespace kvhost::resp
