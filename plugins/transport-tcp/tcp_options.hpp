// The options of the component `tcp`, and what they say.
//
// Threads:   values.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "kvhost/config.hpp"
#include "kvhost/options.hpp"

namespace kvhost::tcp {

inline constexpr auto kTcpOptions = kvhost::options(
    kvhost::address("listen", "127.0.0.1:9090")
        .doc("address to listen on; port 0 picks a free one"),
    kvhost::integer("max_connections", 1024)
        .min(1)
        .max(1'000'000)
        .unit("connections")
        .doc("more are refused with `overloaded`")
        .reloadable(),
    kvhost::integer("max_in_flight", 1024)
        .min(1)
        .max(65536)
        .unit("requests")
        .doc("unanswered requests of one connection; at the limit it is not read from")
        .reloadable(),
    kvhost::size("output_limit", "8MiB")
        .min("64KiB")
        .max("1GiB")
        .doc("replies that may wait for one slow client; at the limit it is not read from")
        .reloadable(),
    kvhost::duration("handshake_timeout", "5s")
        .min("10ms")
        .max("1h")
        .doc("how long a new connection may take to say its greeting")
        .reloadable(),
    kvhost::duration("idle_timeout", "10m")
        .min("0s")
        .max("168h")
        .doc("a connection without requests is closed after this; 0s never")
        .reloadable(),
    kvhost::duration("send_timeout", "30s")
        .min("10ms")
        .max("1h")
        .doc("a client that takes no byte of its replies for this long is disconnected")
        .reloadable());

struct TcpOptions {
  std::string listen;
  uint32_t max_connections = 0;
  uint32_t max_in_flight = 0;
  uint64_t output_limit = 0;
  std::chrono::nanoseconds handshake_timeout{};
  std::chrono::nanoseconds idle_timeout{};
  std::chrono::nanoseconds send_timeout{};

  static TcpOptions from(const Config& config) {
    TcpOptions options;
    options.listen = config.string("listen");
    options.max_connections = static_cast<uint32_t>(config.integer("max_connections"));
    options.max_in_flight = static_cast<uint32_t>(config.integer("max_in_flight"));
    options.output_limit = config.bytes("output_limit");
    options.handshake_timeout = config.duration("handshake_timeout");
    options.idle_timeout = config.duration("idle_timeout");
    options.send_timeout = config.duration("send_timeout");
    return options;
  }
};

}  // namespace kvhost::tcp
