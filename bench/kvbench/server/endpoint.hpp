// Where a server is asked: tcp://HOST:PORT, http://HOST:PORT or resp://HOST:PORT.
//
// Threads:   values.
// Errors:    parse_endpoint() throws std::invalid_argument, whose words name the text and the form.
#pragma once

#include <string>

namespace kvbench {

enum class Protocol { kTcp, kHttp, kResp };

struct Endpoint {
  Protocol protocol = Protocol::kTcp;
  std::string host;  // without the brackets of an IPv6 address
  std::string port;
  std::string text;  // as given

  std::string host_and_port() const;
};

Endpoint parse_endpoint(const std::string& text);
const char* name_of(Protocol protocol);

}  // namespace kvbench
