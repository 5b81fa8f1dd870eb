// One connection's share of a load: sends what its pacer allows, takes the time of every answer and
// checks every value.
//
// Threads:   run() by one thread; `stop` may be set by any.
// Errors:    run() throws std::runtime_error where nothing that follows could be believed: a lost
//            connection, a wrong value, a missing key, no answer for kPatience.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "../generator.hpp"
#include "../latency_recorder.hpp"
#include "link.hpp"
#include "pacer.hpp"
#include "request_source.hpp"

namespace kvbench {

struct LaneOutcome {
  LatencyRecorder latencies;  // of answered operations, and of those of a schedule never sent
  LatencyRecorder lateness;   // of sends behind the schedule
  uint64_t gets = 0;          // answered
  uint64_t puts = 0;
  uint64_t checked = 0;  // values compared with what was written
  uint64_t refused = 0;  // answered with an error; in no other count
  std::string first_refusal;
  uint64_t unsent = 0;   // operations of the schedule that were never sent
  uint64_t last_ns = 0;  // when the last answer was there

  void merge(const LaneOutcome& other);
};

class Lane {
 public:
  static constexpr std::chrono::seconds kPatience{20};

  // `are_missing`: gets ask for keys that were never written.
  Lane(std::unique_ptr<Link> link, const Pace& pace, std::unique_ptr<RequestSource> source,
       const Values& values, bool are_missing);

  void run(TimePoint begun, const std::atomic<bool>& stop);
  const LaneOutcome& outcome() const { return outcome_; }

 private:
  struct Pending {
    Request request;
    uint64_t counts_from_ns = 0;
  };

  void send_what_is_due();
  void send(uint64_t counts_from_ns);
  void finish(const Answer& answer);
  void check(const Answer& answer, uint64_t number);
  uint64_t now_ns() const;

  std::unique_ptr<Link> link_;
  Pacer pacer_;
  std::unique_ptr<RequestSource> source_;
  const Values& values_;
  const bool are_missing_;
  TimePoint begun_;
  std::vector<Pending> pending_;  // by tag
  std::vector<uint32_t> free_tags_;
  std::string value_;
  LaneOutcome outcome_;
};

}  // namespace kvbench
