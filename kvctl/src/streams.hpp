// What a command talks to, so that tests can listen.
//
// Threads:   one.
// Lifetime:  borrows the streams.
#pragma once

#include <functional>
#include <istream>
#include <map>
#include <ostream>
#include <string>

namespace kvhost::kvctl {

struct Streams {
  std::istream& in;
  std::ostream& out;
  std::ostream& err;
  std::map<std::string, std::string> environment;
  bool out_is_terminal = false;
  bool err_is_terminal = false;

  std::string variable(const std::string& name) const {
    const auto at = environment.find(name);
    return at == environment.end() ? std::string() : at->second;
  }
  bool may_colour() const { return out_is_terminal && variable("NO_COLOR").empty(); }
};

}  // namespace kvhost::kvctl
