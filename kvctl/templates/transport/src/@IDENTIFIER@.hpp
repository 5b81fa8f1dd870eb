// The transport @NAME@: a line protocol over TCP (connection.hpp has the words), on one thread.
//
// Threads:   start, drain and stop on the control thread; one thread of its own waits in poll() and
//            never for the store.
// Lifetime:  stop() returns when the thread is joined and no call of the store is under way.
#pragma once

#include <atomic>
#include <functional>
#include <kvhost/plugin.hpp>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "connection.hpp"

class @CLASS@ final : public kvhost::Transport {
 public:
  static constexpr auto kOptions = kvhost::options(
      kvhost::address("listen", "127.0.0.1:7070").doc("where clients connect"),
      kvhost::integer("max_connections", 1000).min(1).max(10000).doc("more are turned away"),
      kvhost::size("max_line", "64KiB").min("64B").max("16MiB").doc("the longest request"));

  static kvhost::Result<std::unique_ptr<@CLASS@>> create(kvhost::Context& context,
                                                        const kvhost::Config& config);
  ~@CLASS@() override;

  kvhost::Status start() override;
  void drain(kvhost::Deadline deadline, std::function<void()> drained) override;
  void stop(kvhost::Deadline deadline) override;
  std::vector<std::string> addresses() const override { return {address_}; }

 private:
  struct Peer {
    int socket = -1;  // -1: gone, and kept while a call is under way
    bool is_at_end = false;
    std::shared_ptr<Connection> connection;
  };

  @CLASS@(kvhost::Store store, const kvhost::Config& config);

  void run();
  int wait_for_events();
  void accept_all();
  void serve(Peer& peer, bool is_readable);
  void send_output(Peer& peer);
  void forget_peers();
  void end_drain();
  void wake() const;
  bool is_draining() const;

  const kvhost::Store store_;
  const std::string listen_;
  const std::size_t max_connections_;
  const std::size_t max_line_;

  // Fixed between start() and stop().
  std::string address_;
  int wake_event_ = -1;
  std::thread thread_;

  // The thread's.
  int listener_ = -1;
  std::list<Peer> peers_;
  std::vector<short> readiness_;  // of the peers, in their order

  std::atomic<bool> is_stopping_{false};
  mutable std::mutex drain_mutex_;
  kvhost::Deadline drain_deadline_;
  std::function<void()> drained_;
};
