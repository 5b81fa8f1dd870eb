// One request as it came off the wire.
//
// Threads:   a value.
// Lifetime:  header views live as long as the request.
#pragma once

#include <boost/beast/http/fields.hpp>
#include <boost/beast/http/message.hpp>
#include <string>
#include <string_view>

#include "message/bounded_body.hpp"
#include "text/target.hpp"

namespace kvhost::http {

struct Request {
  boost::beast::http::request<BoundedBody> message;
  Target target;

  std::string_view method() const { return view(message.method_string()); }
  std::string_view raw_target() const { return view(message.target()); }
  bool is_head() const { return method() == "HEAD"; }
  // Without effects: may run beside other such requests of its connection (RFC 9112, 9.3.2).
  bool is_safe() const { return method() == "GET" || method() == "HEAD"; }
  bool is_http_1_0() const { return message.version() == 10; }
  bool keep_alive() const { return message.keep_alive(); }
  std::string_view body() const { return message.body().bytes; }

  // Empty when the header is not there.
  std::string_view header(std::string_view name) const {
    const auto at = message.find(boost::beast::string_view(name.data(), name.size()));
    return at == message.end() ? std::string_view() : view(at->value());
  }
  bool has_header(std::string_view name) const {
    return message.find(boost::beast::string_view(name.data(), name.size())) != message.end();
  }
  std::size_t count_header(std::string_view name) const {
    return message.count(boost::beast::string_view(name.data(), name.size()));
  }
  // The body's memory is wanted for others as soon as the store has taken it.
  void forget_body() { message.body() = {}; }

 private:
  static std::string_view view(boost::beast::string_view text) {
    return {text.data(), text.size()};
  }
};

// Compares without regard to ASCII case.
inline bool equals_ignoring_case(std::string_view a, std::string_view b) {
  return boost::beast::iequals({a.data(), a.size()}, {b.data(), b.size()});
}

}  // namespace kvhost::http
