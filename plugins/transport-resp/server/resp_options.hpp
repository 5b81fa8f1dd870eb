// The options of the component `resp`, and what they say.
//
// Threads:   values.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "kvhost/config.hpp"
#include "kvhost/options.hpp"

namespace kvhost::resp {

inline constexpr auto kRespOptions = kvhost::options(
    kvhost::address("listen", "127.0.0.1:6380")
        .doc("address to listen on; port 0 picks a free one"),
    kvhost::integer("max_connections", 10'000)
        .min(1)
        .max(1'000'000)
        .unit("connections")
        .doc("more are refused with `max number of clients reached`")
        .reloadable(),
    kvhost::size("output_limit", "64MiB")
        .min("64KiB")
        .max("4GiB")
        .doc("replies that may wait for one slow client; above it the client is disconnected, and "
             "at "
             "an eighth of it not read from")
        .reloadable(),
    kvhost::size("input_limit", "1GiB")
        .min("1MiB")
        .max("64GiB")
        .doc("bytes of requests that have begun to arrive, of all connections together; above it a "
             "connection that needs more is closed")
        .reloadable(),
    kvhost::duration("idle_timeout", "0s")
        .min("0s")
        .max("168h")
        .doc("a connection without requests is closed after this; 0s never")
        .reloadable(),
    kvhost::duration("slowlog_slower_than", "10ms")
        .min("0s")
        .max("1h")
        .doc("commands that take longer are kept for SLOWLOG")
        .reloadable(),
    kvhost::integer("slowlog_max_len", 128)
        .min(0)
        .max(100'000)
        .unit("commands")
        .doc("how many slow commands are kept")
        .reloadable(),
    kvhost::boolean("enable_debug_command", true)
        .doc("DEBUG is carried out; test suites ask for it"));

struct RespOptions {
  std::string listen;
  uint64_t max_connections = 10'000;
  uint64_t output_limit = uint64_t{64} << 20;
  uint64_t input_limit = uint64_t{1} << 30;
  std::chrono::nanoseconds idle_timeout{};
  std::chrono::nanoseconds slowlog_slower_than{std::chrono::milliseconds(10)};
  uint64_t slowlog_max_len = 128;
  bool enable_debug_command = true;

  static RespOptions from(const Config& config) {
    RespOptions options;
    options.listen = config.string("listen");
    options.max_connections = static_cast<uint64_t>(config.integer("max_connections"));
    options.output_limit = config.bytes("output_limit");
    options.input_limit = config.bytes("input_limit");
    options.idle_timeout = config.duration("idle_timeout");
    options.slowlog_slower_than = config.duration("slowlog_slower_than");
    options.slowlog_max_len = static_cast<uint64_t>(config.integer("slowlog_max_len"));
    options.enable_debug_command = config.boolean("enable_debug_command");
    return options;
  }
};

}  // namespace kvhost::resp
