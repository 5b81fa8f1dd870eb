// A request's target: the path, percent-decoded once and never normalised ("..", "//" and "+" are
// what they are), and the query's parameters, decoded alike.
//
// Threads:   a value.
// Errors:    INVALID_ARGUMENT: a broken percent escape, a target that is no path, a parameter given
//            twice.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kvhost/result.hpp"

namespace kvhost::http {

struct Target {
  std::string path;  // begins with '/'; any bytes
  std::vector<std::pair<std::string, std::string>> query;

  // None when the parameter is not there; "" when it has no value.
  std::optional<std::string_view> parameter(std::string_view name) const;

  // Takes "/path?query" and "http://host/path?query".
  static Result<Target> parse(std::string_view raw);
};

Result<std::string> percent_decode(std::string_view raw);

}  // namespace kvhost::http
