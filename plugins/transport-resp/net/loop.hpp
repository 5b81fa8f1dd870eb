// One I/O thread: its connections, and the turns that it takes.
//
// A turn: wait → read what came → carry it out → hand the turn's writes to the store together →
// send the replies. Completions of the store come through the mailbox and begin a turn, too.
//
// Threads:   start(), stop() and join() the control thread; adopt() and drain() any.
// Lifetime:  stop() closes every connection; join() returns when the store has answered the last
// call.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <unordered_set>

#include "net/connection.hpp"
#include "net/poller.hpp"
#include "session/loop_services.hpp"

namespace kvhost::resp {

class Loop final : private Task {
 public:
  explicit Loop(Server& server) : server_(server) {}
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  Status open();
  void start(const std::string& name);
  // Serves a client from now on.
  void adopt(Descriptor socket);
  // Answers what has come, and reads no more; `quiet` runs once on the loop when all is answered.
  void drain(std::function<void()> quiet);
  void stop();
  void join();

  LoopServices& services() { return *services_; }
  Poller& poller() { return poller_; }

 private:
  void run_loop();
  void settle();
  void serve(Descriptor socket);
  void refuse(const Descriptor& socket, const Status& why);
  void run() override;  // the periodic look
  bool is_done() const;

  Server& server_;
  Poller poller_;
  uint64_t store_session_ = 0;
  std::unique_ptr<LoopServices> services_;
  std::unordered_set<Connection*> connections_;
  std::vector<Session*> turn_;
  std::vector<Session*> worked_;
  std::function<void()> quiet_;
  bool is_draining_ = false;
  bool is_stopping_ = false;
  std::thread thread_;
};

}  // namespace kvhost::resp
