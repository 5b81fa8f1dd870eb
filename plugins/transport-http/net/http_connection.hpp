// A socket that serves an HttpSession: moves bytes both ways and keeps its deadlines.
//
// Threads:   its loop's.
// Lifetime:  shared by its own pending socket operations; close() ends them.
#pragma once

#include <array>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "net/event_loop.hpp"
#include "session/session.hpp"

namespace kvhost::http {

class HttpConnection : public std::enable_shared_from_this<HttpConnection> {
 public:
  HttpConnection(EventLoop& loop, boost::asio::ip::tcp::socket socket,
                 std::shared_ptr<HttpSession> session);

  void start(bool refused);
  void drain();
  void close();

 private:
  using Error = boost::system::error_code;

  template <typename Event>
  void go_on(Event event);
  void step();
  void read();
  void on_read(Error error, std::size_t bytes);
  void write();
  void on_written(Error error, std::size_t bytes);
  void arm_timer();
  void on_timer(Error error);
  void linger();
  void discard();

  EventLoop& loop_;
  boost::asio::ip::tcp::socket socket_;
  std::shared_ptr<HttpSession> session_;
  boost::asio::steady_timer timer_;
  std::optional<TimePoint> armed_;
  std::array<char, 16 << 10> buffer_;
  std::vector<std::string> writing_;  // what the pending write sends
  std::size_t reported_ = 0;          // of it, bytes that the session was told of
  bool reading_ = false;
  bool lingering_ = false;
  bool closed_ = false;
  bool refused_ = false;
};

}  // namespace kvhost::http
