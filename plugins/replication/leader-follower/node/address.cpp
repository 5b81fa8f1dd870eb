#include "node/address.hpp"

#include <charconv>
#include <cstdint>

namespace kvhost::leader_follower {

Result<Address> Address::parse(const std::string& text) {
  const auto colon = text.rfind(':');
  const std::string port = colon == std::string::npos ? "" : text.substr(colon + 1);
  uint16_t number = 0;
  const auto end = port.data() + port.size();
  const auto parsed = std::from_chars(port.data(), end, number);
  if (port.empty() || parsed.ec != std::errc() || parsed.ptr != end) {
    return Status(StatusCode::INVALID_ARGUMENT,
                  "address \"" + text + "\": expected HOST:PORT, as 127.0.0.1:10001");
  }
  std::string host = text.substr(0, colon);
  if (host.size() >= 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  }
  return Address{std::move(host), port};
}

}  // namespace kvhost::leader_follower
