// Reads a JSON body: one object, known members only, bytes as text or as base64.
//
// Threads:   one.
// Lifetime:  views live as long as the JsonBody.
// Errors:    INVALID_ARGUMENT that names the member, as "ops[3].ttl".
#pragma once

#include <boost/json.hpp>
#include <deque>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "kvhost/result.hpp"

namespace kvhost::http {

class JsonBody {
 public:
  using Object = boost::json::object;

  static Result<JsonBody> parse(std::string_view text);
  const Object& root() const { return root_.get_object(); }

  // `place` is put before the member's name in errors: "" or "ops[3].".
  static Status check_members(const Object& object, std::string_view place,
                              std::initializer_list<std::string_view> known);
  // The bytes of `name` or of `name_base64`; none when neither is there, an error when both are.
  Result<std::optional<std::string_view>> bytes(const Object& object, std::string_view place,
                                                std::string_view name);
  Result<std::string_view> required_bytes(const Object& object, std::string_view place,
                                          std::string_view name);
  // Milliseconds; 0 when there is no ttl.
  static Result<uint64_t> ttl_ms(const Object& object, std::string_view place);
  // A 64-bit integer; none when it is not there.
  static Result<std::optional<int64_t>> integer(const Object& object, std::string_view place,
                                                std::string_view name);

 private:
  boost::json::value root_;
  std::deque<std::string> decoded_;
};

// Seconds, as given in JSON or a query, to milliseconds, rounded up. Errors name `what`.
Result<uint64_t> ttl_from_seconds(double seconds, std::string_view what);

}  // namespace kvhost::http
