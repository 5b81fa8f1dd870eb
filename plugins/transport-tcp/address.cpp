#include "address.hpp"

#include <charconv>

namespace kvhost::tcp {

namespace asio = boost::asio;

Result<asio::ip::tcp::endpoint> resolve_address(asio::io_context& context,
                                                const std::string& address) {
  const auto wrong = [&](const std::string& why) {
    return Status(StatusCode::INVALID_ARGUMENT, "address \"" + address + "\": " + why +
                                                    "; expected HOST:PORT, as 127.0.0.1:9090");
  };
  const std::size_t colon = address.rfind(':');
  if (colon == std::string::npos) return wrong("has no port");
  const std::string_view digits = std::string_view(address).substr(colon + 1);
  uint16_t port = 0;
  const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (digits.empty() || parsed.ec != std::errc() || parsed.ptr != digits.data() + digits.size()) {
    return wrong("its port is no number from 0 to 65535");
  }
  std::string host = address.substr(0, colon);
  if (host.size() >= 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  }
  if (host.empty()) return asio::ip::tcp::endpoint(asio::ip::tcp::v4(), port);
  boost::system::error_code failure;
  const auto literal = asio::ip::make_address(host, failure);
  if (!failure) return asio::ip::tcp::endpoint(literal, port);
  asio::ip::tcp::resolver resolver(context);
  const auto found = resolver.resolve(host, std::string(digits), failure);
  if (failure || found.empty()) return wrong("its host cannot be resolved");
  return found.begin()->endpoint();
}

std::string to_string(const asio::ip::tcp::endpoint& endpoint) {
  const std::string host = endpoint.address().to_string();
  const std::string port = std::to_string(endpoint.port());
  return endpoint.address().is_v6() ? "[" + host + "]:" + port : host + ":" + port;
}

}  // namespace kvhost::tcp
