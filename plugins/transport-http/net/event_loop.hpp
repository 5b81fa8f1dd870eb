// One thread and the connections that live on it. A connection never leaves its loop, so sessions
// need no locks.
//
// Threads:   post, adopt, drain_all, close_all any; the rest on the loop's thread.
// Lifetime:  start → stop; the transport sees to it that no connection is left at stop.
#pragma once

#include <time.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <memory>
#include <string>
#include <thread>
#include <unordered_set>

#include "session/loop.hpp"
#include "session/service.hpp"

namespace kvhost::http {

class HttpConnection;

class EventLoop final : public Loop {
 public:
  EventLoop(Store store, Limits limits, BodyBudget& bodies, const Metrics& metrics);
  ~EventLoop() override;

  void start(const std::string& thread_name);
  // Joins the thread.
  void stop();

  void post(std::unique_ptr<Task> task) override;
  TimePoint now() const override { return std::chrono::steady_clock::now(); }
  int64_t wall_seconds() const override { return ::time(nullptr); }

  // Serves a new connection; a refused one is told why and closed.
  void adopt(boost::asio::ip::tcp::socket socket, std::string peer, std::shared_ptr<void> lease,
             bool refused);
  void drain_all();
  void close_all();

  boost::asio::io_context& context() { return context_; }
  void remove(HttpConnection* connection) { connections_.erase(connection); }

 private:
  boost::asio::io_context context_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  Service service_;
  std::unordered_set<HttpConnection*> connections_;
  bool draining_ = false;
  bool closing_ = false;
  std::thread thread_;
};

}  // namespace kvhost::http
