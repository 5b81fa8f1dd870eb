#include "config/address.hpp"

#include <charconv>

namespace kvhost::host {
namespace {

Status wrong(std::string text) { return {StatusCode::INVALID_ARGUMENT, std::move(text)}; }

Result<uint16_t> parse_port(std::string_view text) {
  unsigned port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (text.empty() || error != std::errc() || end != text.data() + text.size() || port > 65535) {
    return wrong("\"" + std::string(text) + "\" is no port between 0 and 65535");
  }
  return static_cast<uint16_t>(port);
}

bool is_host_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '-' || c == '_';
}

bool is_dotted_quad_of_127(std::string_view host) {
  if (!host.starts_with("127.")) return false;
  int dots = 0;
  for (const char c : host) {
    if (c == '.') {
      ++dots;
    } else if (c < '0' || c > '9') {
      return false;
    }
  }
  return dots == 3;
}

}  // namespace

std::string Address::to_string() const {
  const bool is_v6 = host.find(':') != std::string::npos;
  return (is_v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

bool Address::is_loopback() const {
  return host == "localhost" || host == "::1" || is_dotted_quad_of_127(host);
}

Result<Address> parse_address(std::string_view text) {
  Address address;
  if (text.starts_with('[')) {
    const auto close = text.find(']');
    if (close == std::string_view::npos) return wrong("the \"]\" is missing");
    address.host = text.substr(1, close - 1);
    if (address.host.find(':') == std::string::npos) {
      return wrong("what stands in [ ] is no IPv6 address");
    }
    for (const char c : address.host) {
      if (!is_host_character(c) && c != ':' && c != '%') {
        return wrong("what stands in [ ] is no IPv6 address");
      }
    }
    text.remove_prefix(close + 1);
    if (!text.starts_with(':')) return wrong("the port is missing");
    text.remove_prefix(1);
  } else {
    const auto colon = text.rfind(':');
    if (colon == std::string_view::npos) return wrong("the port is missing");
    const auto host = text.substr(0, colon);
    if (host.find(':') != std::string_view::npos) {
      return wrong("an IPv6 address is written in brackets: \"[" + std::string(host) + "]:PORT\"");
    }
    for (const char c : host) {
      if (!is_host_character(c)) return wrong("\"" + std::string(host) + "\" is no host name");
    }
    address.host = host.empty() ? "0.0.0.0" : std::string(host);
    text.remove_prefix(colon + 1);
  }
  KVHOST_TRY_ASSIGN(address.port, parse_port(text));
  return address;
}

}  // namespace kvhost::host
