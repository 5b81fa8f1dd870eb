// Addresses to listen on or connect to: "127.0.0.1:8080", "[::1]:8080", "node2:10002", ":8080".
//
// Threads:   any; pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "kvhost/result.hpp"

namespace kvhost::host {

struct Address {
  std::string host;  // without brackets; "0.0.0.0" where the text names only a port
  uint16_t port = 0;

  // "127.0.0.1:8080", "[::1]:8080".
  std::string to_string() const;
  // Reached from this machine alone: 127.0.0.0/8, ::1, localhost.
  bool is_loopback() const;
};

// Errors: INVALID_ARGUMENT, with what is wrong about the text.
Result<Address> parse_address(std::string_view text);

}  // namespace kvhost::host
