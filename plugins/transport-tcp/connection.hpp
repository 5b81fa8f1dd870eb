// One client's socket: moves bytes between it, its Session and the RequestRunner.
//
// Threads:   one, its io_context's; open(), drain() and close() may be called from any.
// Lifetime:  by shared_ptr; it lives until its socket is closed and its last handler ran.
// Errors:    a failing socket ends the connection; what was in flight completes in the store.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "kvhost/context.hpp"
#include "reply_box.hpp"
#include "request_runner.hpp"
#include "session.hpp"
#include "tcp_metrics.hpp"
#include "tcp_options.hpp"

namespace kvhost::tcp {

// What all connections share.
struct ConnectionEnvironment {
  const kvh_store& store;
  NodeInfo node;
  TcpMetrics& metrics;
  Log log;
  BoxCount& boxes;

  uint64_t max_frame_bytes() const;
};

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  // `closed` runs once, on the connection's thread.
  Connection(boost::asio::ip::tcp::socket socket, const ConnectionEnvironment& environment,
             const TcpOptions& options, std::function<void(Connection&)> closed);
  ~Connection();

  // Begins to serve; or, when `refusal` is a failure, says so and closes.
  void open(Status refusal);
  // Tells the client to go elsewhere; `quiet` runs once when all that it asked for is answered.
  void drain(Status why, std::function<void()> quiet);
  void close();

 private:
  using Clock = std::chrono::steady_clock;

  Session make_session(const TcpOptions& options) const;
  void serve(const Status& refusal);
  void work();
  void read();
  void write();
  void take_replies();
  void finish_output();
  void watch_time();
  void on_time();
  // When the client has been silent for too long; nothing when it may be.
  std::optional<Clock::time_point> patience_ends() const;
  void shut();

  boost::asio::ip::tcp::socket socket_;
  const ConnectionEnvironment& environment_;
  const TcpOptions options_;
  std::function<void(Connection&)> closed_;
  std::function<void()> quiet_;
  Session session_;
  std::shared_ptr<ReplyBox> box_;
  std::optional<RequestRunner> runner_;
  boost::asio::steady_timer timer_;

  std::string sending_;
  std::string spare_;
  std::string ready_spare_;
  bool is_reading_ = false;
  bool is_writing_ = false;
  bool is_shut_ = false;
  bool is_output_ended_ = false;
  const Clock::time_point opened_;
  Clock::time_point last_input_;
  Clock::time_point last_output_;
  std::optional<Clock::time_point> leaves_;  // it was idle and has been told so
};

}  // namespace kvhost::tcp
