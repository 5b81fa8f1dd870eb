// Connections by protocol.
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <stdexcept>
#include <system_error>

#include "stream_link.hpp"
#include "tcp_link.hpp"

namespace kvbench {
namespace {

constexpr int kConnectTimeoutMs = 5000;

// 0, or the error's number.
int connect_socket(int descriptor, const addrinfo& address) {
  if (::connect(descriptor, address.ai_addr, address.ai_addrlen) == 0) return 0;
  if (errno != EINPROGRESS) return errno;
  pollfd one{descriptor, POLLOUT, 0};
  if (::poll(&one, 1, kConnectTimeoutMs) <= 0) return ETIMEDOUT;
  int error = 0;
  socklen_t length = sizeof(error);
  ::getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &length);
  return error;
}

}  // namespace

int connect_to(const Endpoint& endpoint) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* raw = nullptr;
  const int code = ::getaddrinfo(endpoint.host.c_str(), endpoint.port.c_str(), &hints, &raw);
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> addresses(raw, [](addrinfo* list) {
    if (list != nullptr) ::freeaddrinfo(list);
  });
  std::string why = code != 0 ? ::gai_strerror(code) : "it has no address";
  for (const addrinfo* one = addresses.get(); code == 0 && one != nullptr; one = one->ai_next) {
    const int descriptor = ::socket(one->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const int error = descriptor < 0 ? errno : connect_socket(descriptor, *one);
    if (error == 0) {
      const int on = 1;
      ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
      return descriptor;
    }
    why = std::generic_category().message(error);
    if (descriptor >= 0) ::close(descriptor);
  }
  throw std::runtime_error("cannot connect: " + why +
                           "; is the server running, and does it listen there?");
}

std::unique_ptr<Link> open_link(const Endpoint& endpoint, uint32_t depth) {
  switch (endpoint.protocol) {
    case Protocol::kTcp:
      return std::make_unique<TcpLink>(endpoint.host_and_port(), depth);
    case Protocol::kHttp:
      return std::make_unique<StreamLink>(connect_to(endpoint),
                                          make_http_codec(endpoint.host_and_port()));
    case Protocol::kResp:
      return std::make_unique<StreamLink>(connect_to(endpoint), make_resp_codec());
  }
  return nullptr;
}

}  // namespace kvbench
