#include "endpoint.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>

namespace kvbench {
namespace {

constexpr std::array kProtocols = {Protocol::kTcp, Protocol::kHttp, Protocol::kResp};

bool is_port(const std::string& text) {
  return !text.empty() && text.size() <= 5 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; }) &&
         std::stoi(text) >= 1 && std::stoi(text) <= 65535;
}

}  // namespace

const char* name_of(Protocol protocol) {
  switch (protocol) {
    case Protocol::kTcp:
      return "tcp";
    case Protocol::kHttp:
      return "http";
    case Protocol::kResp:
      return "resp";
  }
  return "";
}

std::string Endpoint::host_and_port() const {
  const bool is_ipv6 = host.find(':') != std::string::npos;
  return (is_ipv6 ? "[" + host + "]" : host) + ":" + port;
}

Endpoint parse_endpoint(const std::string& text) {
  const auto wrong = [&] {
    return std::invalid_argument("--endpoint \"" + text +
                                 "\": expected tcp://HOST:PORT, http://HOST:PORT or "
                                 "resp://HOST:PORT, as tcp://127.0.0.1:9090");
  };
  for (const Protocol protocol : kProtocols) {
    const std::string scheme = std::string(name_of(protocol)) + "://";
    if (text.rfind(scheme, 0) != 0) continue;
    const std::string rest = text.substr(scheme.size());
    const std::size_t colon = rest.rfind(':');
    if (colon == std::string::npos) throw wrong();
    Endpoint endpoint{protocol, rest.substr(0, colon), rest.substr(colon + 1), text};
    std::string& host = endpoint.host;
    if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
      host = host.substr(1, host.size() - 2);
    } else if (host.find_first_of(":/[]") != std::string::npos) {
      throw wrong();
    }
    if (host.empty() || !is_port(endpoint.port)) throw wrong();
    return endpoint;
  }
  throw wrong();
}

}  // namespace kvbench
