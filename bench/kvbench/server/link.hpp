// One connection to a server, as the load sees it.
//
// Threads:   one, the lane that owns it.
// Errors:    std::runtime_error when the connection is lost or what comes is not the protocol. An
//            answer that says no is an answer.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "endpoint.hpp"

namespace kvbench {

using TimePoint = std::chrono::steady_clock::time_point;

struct Answer {
  enum class Kind { kDone, kAbsent, kRefused };
  uint32_t tag = 0;  // of the request
  Kind kind = Kind::kDone;
  std::string text;  // a value; of a refusal its words
  TimePoint at;      // when it was there
};

class Link {
 public:
  virtual ~Link() = default;
  // Requests leave with flush() at the latest. Answers come in any order.
  virtual void get(uint32_t tag, std::string_view key) = 0;
  virtual void put(uint32_t tag, std::string_view key, std::string_view value) = 0;
  virtual void flush() = 0;
  // Appends the answers that are there; waits for the first of them until `deadline`.
  virtual void receive(TimePoint deadline, std::vector<Answer>& answers) = 0;
};

// Connects. `depth` requests may be unanswered at a time.
std::unique_ptr<Link> open_link(const Endpoint& endpoint, uint32_t depth);

}  // namespace kvbench
