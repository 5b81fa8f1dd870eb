// Takes connections from the listening socket and hands them to the loops in turn.
//
// Threads:   the first loop's, but where said.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "net/loop.hpp"
#include "net/poller.hpp"

namespace kvhost::resp {

class Acceptor final : public PollTarget, private Task {
 public:
  Acceptor(Server& server, std::vector<std::unique_ptr<Loop>>& loops, Descriptor socket)
      : server_(server), loops_(loops), socket_(std::move(socket)) {}

  int descriptor() const { return socket_.get(); }
  // Before the loop runs, or on it.
  bool open();
  void close();
  void on_events(uint32_t events) override;

 private:
  void run() override;  // after a pause

  Server& server_;
  std::vector<std::unique_ptr<Loop>>& loops_;
  Descriptor socket_;
  std::size_t next_ = 0;
  std::optional<TimerQueue::Id> pause_;
};

}  // namespace kvhost::resp
