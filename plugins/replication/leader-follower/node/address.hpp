// Addresses as options write them: "127.0.0.1:10001", "[::1]:10001", "node2:10002", ":10001".
//
// Threads:   values.
// Errors:    INVALID_ARGUMENT names the address and the expected form.
#pragma once

#include <string>

#include "kvhost/result.hpp"

namespace kvhost::leader_follower {

struct Address {
  std::string host;  // empty: all interfaces
  std::string port;

  static Result<Address> parse(const std::string& text);
};

}  // namespace kvhost::leader_follower
