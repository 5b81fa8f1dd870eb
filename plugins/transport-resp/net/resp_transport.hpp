// The component `resp`: listens, spreads connections over its I/O threads, and ends them in order.
//
// Threads:   start, drain, stop and reconfigure on the host's control thread; addresses and info on
//            any. It runs NodeInfo::io_threads threads of its own; a connection stays on one.
// Lifetime:  create → start → drain → stop → destruction.
// Errors:    ADDRESS_IN_USE when the port is taken.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "kvhost/transport.hpp"
#include "net/loop.hpp"
#include "server/resp_options.hpp"

namespace kvhost::resp {

class Acceptor;

class RespTransport final : public Transport {
 public:
  static constexpr auto kOptions = kRespOptions;
  static Result<std::unique_ptr<RespTransport>> create(Context& context, const Config& config);
  RespTransport(const Context& context, const kvh_store& store, RespOptions options);
  ~RespTransport() override;

  Status start() override;
  void drain(Deadline deadline, std::function<void()> drained) override;
  void stop(Deadline deadline) override;
  Status reconfigure(const Config& config) override;
  std::vector<std::string> addresses() const override;
  std::string info() const override;

  // What SHUTDOWN does instead of ending the process; before start().
  void on_shutdown(std::function<void()> shut_down) { server_.shut_down = std::move(shut_down); }

 private:
  Server server_;
  const RespOptions options_;
  std::string address_;  // set by start
  std::vector<std::unique_ptr<Loop>> loops_;
  std::unique_ptr<Acceptor> acceptor_;  // used on the first loop
  std::function<void()> cancel_deadline_;
};

}  // namespace kvhost::resp
