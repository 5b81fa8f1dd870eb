// The component `tcp`: listens, spreads connections over its I/O threads, and ends them in order.
//
// Threads:   start, drain, stop and reconfigure on the host's control thread; addresses and info on
//            any. It runs NodeInfo::io_threads threads of its own, each with an io_context; a
//            connection stays on one of them.
// Lifetime:  create → start → drain → stop → destruction.
// Errors:    ADDRESS_IN_USE when the port is taken.
#pragma once

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "connection.hpp"
#include "kvhost/transport.hpp"
#include "tcp_metrics.hpp"
#include "tcp_options.hpp"

namespace kvhost::tcp {

class TcpTransport final : public Transport {
 public:
  static constexpr auto kOptions = kTcpOptions;
  static Result<std::unique_ptr<TcpTransport>> create(Context& context, const Config& config);
  TcpTransport(const Context& context, const kvh_store& store, TcpOptions options);
  ~TcpTransport() override;

  Status start() override;
  void drain(Deadline deadline, std::function<void()> drained) override;
  void stop(Deadline deadline) override;
  Status reconfigure(const Config& config) override;
  std::vector<std::string> addresses() const override;
  std::string info() const override;

 private:
  // One thread and what runs on it.
  struct Loop {
    boost::asio::io_context context{1};
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work{
        context.get_executor()};
    std::thread thread;
  };

  Status listen();
  void accept();
  void admit(boost::asio::ip::tcp::socket socket);
  void forget(Connection& connection);
  std::vector<std::shared_ptr<Connection>> live_connections() const;
  void close_acceptor();

  Log log_;
  TcpMetrics metrics_;
  BoxCount boxes_;
  ConnectionEnvironment environment_;
  mutable std::mutex mutex_;
  TcpOptions options_;                                 // guarded by mutex_
  std::set<std::shared_ptr<Connection>> connections_;  // guarded by mutex_
  bool is_draining_ = false;                           // guarded by mutex_
  boost::asio::ip::tcp::endpoint local_;               // set by start
  std::vector<std::unique_ptr<Loop>> loops_;
  std::unique_ptr<boost::asio::ip::tcp::acceptor> acceptor_;   // used on the first loop
  std::unique_ptr<boost::asio::steady_timer> accept_pause_;    // used on the first loop
  std::unique_ptr<boost::asio::steady_timer> drain_deadline_;  // used on the first loop
  std::size_t next_loop_ = 0;                                  // used on the first loop
};

}  // namespace kvhost::tcp
