// The component `http`: options, life cycle and the parts put together.
//
// Threads:   the control thread, but for addresses and info; runs NodeInfo::io_threads event loops.
// Lifetime:  create → start → (reconfigure)* → drain → stop → destruction.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "kvhost/options.hpp"
#include "kvhost/transport.hpp"
#include "net/listener.hpp"

namespace kvhost::http {

class HttpTransport final : public Transport {
 public:
  static constexpr auto kOptions = kvhost::options(
      kvhost::address("listen", "127.0.0.1:8080")
          .doc("address to listen on; \":8080\" is every interface, port 0 picks a free one"),
      kvhost::integer("max_connections", 1024)
          .min(1)
          .max(100'000)
          .unit("connections")
          .doc("further clients are answered 503"),
      kvhost::duration("header_timeout", "10s")
          .min("10ms")
          .max("1h")
          .doc("time for the head of a request, from its first byte"),
      kvhost::duration("body_timeout", "30s")
          .min("10ms")
          .max("1h")
          .doc("time for the body of a request; each 64 KiB that arrive add a second"),
      kvhost::duration("idle_timeout", "60s")
          .min("10ms")
          .max("24h")
          .doc("how long a connection may wait for its next request"),
      kvhost::duration("write_timeout", "30s")
          .min("10ms")
          .max("1h")
          .doc("how long a client may take none of an answer"),
      kvhost::integer("max_pipelined", 32)
          .min(1)
          .max(1024)
          .unit("requests")
          .doc("requests of one connection that are worked on or wait for their turn"),
      kvhost::size("max_body_memory", "512MiB")
          .min("1MiB")
          .max("1TiB")
          .doc("memory for the bodies of all requests together; never less than two largest ones"));

  static Result<std::unique_ptr<HttpTransport>> create(Context& context, const Config& config);
  ~HttpTransport() override;

  Status start() override;
  void drain(Deadline deadline, std::function<void()> drained) override;
  void stop(Deadline deadline) override;
  std::vector<std::string> addresses() const override;
  std::string info() const override;

 private:
  struct Settings {
    std::string listen;
    std::size_t max_connections = 0;
    std::size_t threads = 1;
    Limits limits;
    uint64_t max_body_memory = 0;
  };
  HttpTransport(const Context& context, Store store, Settings settings);

  const Settings settings_;
  BodyBudget bodies_;
  const std::shared_ptr<ConnectionCount> count_;
  std::vector<std::unique_ptr<EventLoop>> loops_;
  std::shared_ptr<Listener> listener_;
  std::unique_ptr<boost::asio::steady_timer> drain_timer_;
  std::string address_;  // set by start, before anyone asks
  bool running_ = false;
};

}  // namespace kvhost::http
