#include "socket.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <system_error>

namespace kvhost::client {

namespace {

std::string system_text(int number) { return std::generic_category().message(number); }

Status failed(const std::string& what) { return {StatusCode::CONNECTION_FAILED, what}; }

struct HostPort {
  std::string host;
  std::string port;
};

Result<HostPort> split(const std::string& endpoint) {
  const std::size_t colon = endpoint.rfind(':');
  HostPort parts;
  if (colon != std::string::npos) {
    parts = {endpoint.substr(0, colon), endpoint.substr(colon + 1)};
  }
  if (parts.host.size() > 2 && parts.host.front() == '[' && parts.host.back() == ']') {
    parts.host = parts.host.substr(1, parts.host.size() - 2);
  }
  const bool is_number = !parts.port.empty() && parts.port.size() <= 5 &&
                         std::all_of(parts.port.begin(), parts.port.end(),
                                     [](char c) { return c >= '0' && c <= '9'; });
  if (!is_number || std::stoi(parts.port) > 65535) {
    return Status(StatusCode::INVALID_ARGUMENT,
                  "endpoint \"" + endpoint + "\": expected HOST:PORT, as 127.0.0.1:9090");
  }
  if (parts.host.empty()) parts.host = "127.0.0.1";
  return parts;
}

// Waits until the socket is ready for `events`.
Status wait_for(int descriptor, short events, Socket::Deadline deadline) {
  for (;;) {
    pollfd one{descriptor, events, 0};
    const int ready = ::poll(&one, 1, poll_timeout(deadline));
    if (ready > 0) return {};
    if (ready < 0 && errno != EINTR) return failed("poll: " + system_text(errno));
    if (ready == 0 && std::chrono::steady_clock::now() >= deadline) return failed("timed out");
  }
}

Status connect_one(const addrinfo& address, const Socket& socket, Socket::Deadline deadline) {
  if (socket.descriptor() < 0) return failed("socket: " + system_text(errno));
  if (::connect(socket.descriptor(), address.ai_addr, address.ai_addrlen) == 0) return {};
  if (errno != EINPROGRESS) return failed(system_text(errno));
  KVHOST_TRY(wait_for(socket.descriptor(), POLLOUT, deadline));
  int error = 0;
  socklen_t length = sizeof(error);
  ::getsockopt(socket.descriptor(), SOL_SOCKET, SO_ERROR, &error, &length);
  return error == 0 ? Status() : failed(system_text(error));
}

}  // namespace

int poll_timeout(Socket::Deadline deadline) {
  const auto left = deadline - std::chrono::steady_clock::now();
  const auto rounded = std::chrono::ceil<std::chrono::milliseconds>(left).count();
  return static_cast<int>(std::clamp<int64_t>(rounded, 0, 3'600'000));
}

Socket::~Socket() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

Result<Socket> Socket::connect(const std::string& endpoint, Deadline deadline) {
  KVHOST_TRY_ASSIGN(const auto parts, split(endpoint));
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* raw = nullptr;
  const int code = ::getaddrinfo(parts.host.c_str(), parts.port.c_str(), &hints, &raw);
  if (code != 0) return failed(endpoint + ": " + ::gai_strerror(code));
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> addresses(raw, &::freeaddrinfo);
  Status last = failed("has no address");
  for (const addrinfo* at = addresses.get(); at != nullptr; at = at->ai_next) {
    Socket socket(::socket(at->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    last = connect_one(*at, socket, deadline);
    if (!last.is_ok()) continue;
    const int on = 1;
    ::setsockopt(socket.descriptor(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    return socket;
  }
  return last.with_context(endpoint);
}

Status Socket::send_all(std::string_view bytes, Deadline deadline) const {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent > 0) {
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    } else if (errno == EAGAIN) {
      KVHOST_TRY(wait_for(descriptor_, POLLOUT, deadline));
    } else if (errno != EINTR) {
      return failed("send: " + system_text(errno));
    }
  }
  return {};
}

Result<std::string> Socket::receive_some(Deadline deadline) const {
  char buffer[4096];
  for (;;) {
    const ssize_t got = ::recv(descriptor_, buffer, sizeof(buffer), 0);
    if (got > 0) return std::string(buffer, static_cast<std::size_t>(got));
    if (got == 0) return failed("the other side closed the connection");
    if (errno == EAGAIN) {
      KVHOST_TRY(wait_for(descriptor_, POLLIN, deadline));
    } else if (errno != EINTR) {
      return failed("receive: " + system_text(errno));
    }
  }
}

}  // namespace kvhost::client
