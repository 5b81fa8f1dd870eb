// When a connection sends: as soon as there is room (closed loop), or at the times of a schedule
// that no answer can move (open loop).
//
// In an open loop the time that an operation counts from is that of the schedule. An operation that
// waits, because the server answers none of those before it, has been waiting all the while; to
// count from the moment it was sent at last would leave that out ("coordinated omission", a name
// given by Gil Tene).
//
// Threads:   one each. Times are nanoseconds since the run began.
#pragma once

#include <cstdint>
#include <optional>

namespace kvbench {

struct Pace {
  double rate = 0;                    // operations per second of all lanes; 0: closed loop
  uint64_t duration_ns = UINT64_MAX;  // nothing is sent from then on
  uint64_t operations = UINT64_MAX;   // of this lane, at most
  uint32_t depth = 1;                 // unanswered at most
  uint32_t lanes = 1;                 // that share the rate, taking turns
  uint32_t lane = 0;
};

class Pacer {
 public:
  static constexpr uint64_t kNever = UINT64_MAX;

  explicit Pacer(const Pace& pace) : pace_(pace) {}

  bool is_open_loop() const { return pace_.rate > 0; }

  // If an operation may be sent now: the time that its latency counts from. It is then taken as
  // sent.
  std::optional<uint64_t> take(uint64_t now_ns, uint32_t in_flight) {
    if (is_over(now_ns) || in_flight >= pace_.depth) return std::nullopt;
    const uint64_t counts_from = is_open_loop() ? intended_ns(sent_) : now_ns;
    if (counts_from > now_ns) return std::nullopt;
    ++sent_;
    return counts_from;
  }

  // Nothing more will be sent.
  bool is_over(uint64_t now_ns) const {
    return sent_ >= pace_.operations || now_ns >= pace_.duration_ns ||
           (is_open_loop() && intended_ns(sent_) >= pace_.duration_ns);
  }

  // When there is something to do even if no answer comes.
  uint64_t wakes_at_ns(uint32_t in_flight) const {
    if (in_flight >= pace_.depth || !is_open_loop()) return kNever;
    return intended_ns(sent_);
  }

  // After the end: visitor(waited_ns) for each operation whose time came and that was never sent.
  // What it waited until the end is the least that it would have taken.
  template <typename Visitor>
  void visit_unsent(Visitor visitor) const {
    if (!is_open_loop()) return;
    for (uint64_t i = sent_; i < pace_.operations && intended_ns(i) < pace_.duration_ns; ++i) {
      visitor(pace_.duration_ns - intended_ns(i));
    }
  }

  uint64_t sent() const { return sent_; }

 private:
  uint64_t intended_ns(uint64_t operation) const {
    const double turn = static_cast<double>(operation) * pace_.lanes + pace_.lane;
    return static_cast<uint64_t>(turn * 1e9 / pace_.rate);
  }

  Pace pace_;
  uint64_t sent_ = 0;
};

}  // namespace kvbench
