#include "net/socket.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>

namespace kvhost::resp {

namespace {

std::string name_of(const sockaddr_storage& address, socklen_t size) {
  std::array<char, NI_MAXHOST> host{};
  std::array<char, NI_MAXSERV> port{};
  if (::getnameinfo(reinterpret_cast<const sockaddr*>(&address), size, host.data(), host.size(),
                    port.data(), port.size(), NI_NUMERICHOST | NI_NUMERICSERV) != 0) {
    return "?:0";
  }
  const std::string name = host.data();
  return (address.ss_family == AF_INET6 ? "[" + name + "]" : name) + ":" + port.data();
}

template <typename Get>
std::string name_by(Get get, int socket) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (get(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0) return "?:0";
  return name_of(address, size);
}

struct HostAndPort {
  std::string host;
  std::string port;
};

Result<HostAndPort> split(const std::string& address) {
  const auto wrong = [&](const std::string& why) {
    return Status(StatusCode::INVALID_ARGUMENT, "address \"" + address + "\": " + why +
                                                    "; expected HOST:PORT, as 127.0.0.1:6380");
  };
  const std::size_t colon = address.rfind(':');
  if (colon == std::string::npos) return wrong("has no port");
  HostAndPort parts{address.substr(0, colon), address.substr(colon + 1)};
  uint16_t port = 0;
  const char* const end = parts.port.data() + parts.port.size();
  const auto parsed = std::from_chars(parts.port.data(), end, port);
  if (parts.port.empty() || parsed.ec != std::errc() || parsed.ptr != end) {
    return wrong("its port is no number from 0 to 65535");
  }
  if (parts.host.size() >= 2 && parts.host.front() == '[' && parts.host.back() == ']') {
    parts.host = parts.host.substr(1, parts.host.size() - 2);
  }
  return parts;
}

Status failure(const std::string& address) {
  const auto code = errno == EADDRINUSE ? StatusCode::ADDRESS_IN_USE : StatusCode::IO_ERROR;
  return {code, "listen on " + address + ": " + std::strerror(errno)};
}

}  // namespace

void Descriptor::reset() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

Result<Descriptor> listen_on(const std::string& address) {
  KVHOST_TRY_ASSIGN(const HostAndPort parts, split(address));
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  // Without a host: every IPv4 address.
  if (parts.host.empty()) hints.ai_family = AF_INET;
  addrinfo* found = nullptr;
  const char* const host = parts.host.empty() ? nullptr : parts.host.c_str();
  if (::getaddrinfo(host, parts.port.c_str(), &hints, &found) != 0 || found == nullptr) {
    return Status(StatusCode::INVALID_ARGUMENT,
                  "address \"" + address + "\": its host cannot be resolved");
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owned(found, &::freeaddrinfo);
  Descriptor socket(::socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const int on = 1;
  if (!socket.is_open() ||
      ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
      ::bind(socket.get(), found->ai_addr, found->ai_addrlen) != 0 ||
      ::listen(socket.get(), SOMAXCONN) != 0) {
    return failure(address);
  }
  return socket;
}

std::string local_name(int socket) { return name_by(&::getsockname, socket); }
std::string peer_name(int socket) { return name_by(&::getpeername, socket); }

uint16_t local_port(int socket) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0) return 0;
  if (address.ss_family == AF_INET6) {
    return ntohs(reinterpret_cast<const sockaddr_in6*>(&address)->sin6_port);
  }
  return ntohs(reinterpret_cast<const sockaddr_in*>(&address)->sin_port);
}

}  // namespace kvhost::resp
