// Makes "host:port" into what the exposer's server takes, and finds out beforehand why a port
// cannot be had: the server itself does not tell.
//
// Threads:   the control thread; resolving a name may block.
// Errors:    INVALID_ARGUMENT (no such address), ADDRESS_IN_USE, IO_ERROR.
#pragma once

#include <string>
#include <string_view>

#include "kvhost/result.hpp"

namespace kvhost::prometheus_exporter {

struct ListenAddress {
  std::string host;  // numeric; an IPv6 address in brackets
  std::string port;

  std::string text() const { return host + ":" + port; }
  // "127.0.0.1:2112", "[::1]:2112", "name:2112"; ":2112" is every IPv4 interface. Port 0 is
  // allowed.
  static Result<ListenAddress> resolve(std::string_view text);
};

}  // namespace kvhost::prometheus_exporter
