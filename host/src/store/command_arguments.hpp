// The JSON arguments of an administrator's command.
//
// Threads:   a value.
// Errors:    INVALID_ARGUMENT names the member, what was expected, and the names that are known.
#pragma once

#include <boost/json.hpp>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "kvhost/result.hpp"

namespace kvhost::host {

class CommandArguments {
 public:
  // An empty text is an empty object. A member outside `known` is an error.
  static Result<CommandArguments> parse(std::string_view command, std::string_view json,
                                        std::initializer_list<std::string_view> known);

  Result<std::optional<std::string>> text(std::string_view name) const;
  Result<std::string> required_text(std::string_view name) const;
  // `name`, or `name`_base64 for bytes that are no text; not both.
  Result<std::optional<std::string>> bytes(std::string_view name) const;
  Result<uint64_t> number(std::string_view name, uint64_t fallback, uint64_t max) const;

 private:
  Status wrong(std::string_view name, std::string_view expected) const;

  std::string command_;
  boost::json::object members_;
};

}  // namespace kvhost::host
