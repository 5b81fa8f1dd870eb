// A line on a terminal that grows; nothing where there is no terminal.
//
// Threads:   one.
// Lifetime:  borrows the streams; wipes its line at the end.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "streams.hpp"

namespace kvhost::kvctl {

class ProgressBar {
 public:
  // `total` 0: not known.
  ProgressBar(Streams& streams, std::string what, uint64_t total)
      : streams_(streams), what_(std::move(what)), total_(total) {}
  ~ProgressBar() {
    if (is_drawn_) streams_.err << "\r\033[K" << std::flush;
  }
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  void at(uint64_t done, uint64_t entries) {
    const auto now = std::chrono::steady_clock::now();
    if (!streams_.err_is_terminal || now - last_ < std::chrono::milliseconds(100)) return;
    last_ = now;
    is_drawn_ = true;
    streams_.err << '\r' << what_ << ' ';
    if (total_ != 0) {
      constexpr uint64_t kWidth = 30;
      const uint64_t filled = done >= total_ ? kWidth : kWidth * done / total_;
      streams_.err << '[' << std::string(filled, '#') << std::string(kWidth - filled, '.') << "] "
                   << 100 * done / total_ << "% ";
    }
    streams_.err << entries << " entries\033[K" << std::flush;
  }

 private:
  Streams& streams_;
  std::string what_;
  uint64_t total_;
  bool is_drawn_ = false;
  std::chrono::steady_clock::time_point last_;
};

}  // namespace kvhost::kvctl
