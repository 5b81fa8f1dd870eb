// What an I/O thread offers to its sessions.
//
// Threads:   the I/O thread, but mailbox.post(): any.
// Lifetime:  outlives the sessions and everything under way.
#pragma once

#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "server/server.hpp"
#include "session/get_flight.hpp"
#include "session/mailbox.hpp"
#include "session/write_combiner.hpp"

namespace kvhost::resp {

class Session;

class LoopServices {
 public:
  // `store_session` is open in the store and stays the caller's; blind writes go under it.
  LoopServices(Server& server, uint64_t store_session, std::function<void()> wake)
      : server(server), mailbox(std::move(wake)), writes(*this, store_session) {}

  // The session's work() and output are looked at before the thread waits again.
  void touch(Session& session);
  // Counts one command of the table's row; told to the metrics when the thread has a moment.
  void count(uint32_t command) {
    if (counts_.size() <= command) counts_.resize(server.calls.size());
    if (counts_[command]++ == 0) counted_.push_back(command);
  }
  void tell_counts();

  Server& server;
  Mailbox mailbox;
  TimerQueue timers;
  WriteCombiner writes;
  GetFlights gets;
  std::vector<Session*> touched;
  uint64_t now_ns = 0;
  // Everything that the store or a timer will come back for.
  std::size_t in_flight = 0;

 private:
  std::vector<uint64_t> counts_;
  std::vector<uint32_t> counted_;
};

}  // namespace kvhost::resp
