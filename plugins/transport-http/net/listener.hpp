// Listens on one address and hands what it accepts to the event loops in turn. Beyond the limit a
// client is told 503; far beyond it, or without file descriptors, it waits or is cut off.
//
// Threads:   open: the control thread. close: any. Accepts on the first loop.
// Lifetime:  shared by its pending accept; the loops outlive it.
// Errors:    ADDRESS_IN_USE, INVALID_ARGUMENT (no such address), IO_ERROR.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <string>
#include <vector>

#include "kvhost/context.hpp"
#include "kvhost/result.hpp"
#include "net/connection_count.hpp"
#include "net/event_loop.hpp"

namespace kvhost::http {

class Listener : public std::enable_shared_from_this<Listener> {
 public:
  Listener(std::vector<EventLoop*> loops, std::shared_ptr<ConnectionCount> count,
           std::size_t max_connections, Log log);

  // "127.0.0.1:8080", "[::1]:8080", "name:8080"; ":8080" is every interface.
  Status open(const std::string& address);
  void start();
  // Stops accepting, then calls `closed` on the first loop.
  void close(std::function<void()> closed);

  std::string address() const { return address_; }  // with the real port

 private:
  void accept();
  void on_accept(boost::system::error_code error, boost::asio::ip::tcp::socket socket);
  void hand_over(boost::asio::ip::tcp::socket socket);

  const std::vector<EventLoop*> loops_;
  const std::shared_ptr<ConnectionCount> count_;
  const std::size_t max_connections_;
  const Log log_;
  boost::asio::ip::tcp::acceptor acceptor_;
  boost::asio::steady_timer pause_;
  std::string address_;
  std::size_t next_loop_ = 0;
};

}  // namespace kvhost::http
