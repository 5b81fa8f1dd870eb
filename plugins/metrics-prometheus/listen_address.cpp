#include "listen_address.hpp"

#include <arpa/inet.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <system_error>

namespace kvhost::prometheus_exporter {
namespace {

using AddressList = std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)>;

class Socket {
 public:
  explicit Socket(int family) : fd_(::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0)) {}
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  ~Socket() {
    if (fd_ >= 0) ::close(fd_);
  }
  int fd() const { return fd_; }

 private:
  const int fd_;
};

bool is_port(const std::string& text) {
  return !text.empty() && text.size() <= 5 &&
         text.find_first_not_of("0123456789") == std::string::npos && std::stoul(text) <= 65'535;
}

// Listens for a moment.
int try_listen(const addrinfo& address) {
  const Socket socket(address.ai_family);
  if (socket.fd() < 0) return errno;
  const int on = 1;
  ::setsockopt(socket.fd(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  if (::bind(socket.fd(), address.ai_addr, address.ai_addrlen) != 0) return errno;
  if (::listen(socket.fd(), 1) != 0) return errno;
  return 0;
}

std::string numeric_host(const addrinfo& address) {
  char host[NI_MAXHOST] = {};
  ::getnameinfo(address.ai_addr, address.ai_addrlen, host, sizeof(host), nullptr, 0,
                NI_NUMERICHOST);
  return address.ai_family == AF_INET6 ? "[" + std::string(host) + "]" : std::string(host);
}

}  // namespace

Result<ListenAddress> ListenAddress::resolve(std::string_view text) {
  const std::string quoted = "listen = \"" + std::string(text) + "\"";
  const auto colon = text.rfind(':');
  const std::string port(colon == std::string_view::npos ? "" : text.substr(colon + 1));
  if (!is_port(port)) {
    return Status(
        StatusCode::INVALID_ARGUMENT,
        quoted + ": expected host:port, as \"127.0.0.1:2112\", with a port of 0 to 65535");
  }
  std::string host(text.substr(0, colon));
  if (host.size() >= 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  }
  if (host.empty()) host = "0.0.0.0";
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int failed = ::getaddrinfo(host.c_str(), port.c_str(), &hints, &found);
  const AddressList list(found, &::freeaddrinfo);
  if (failed != 0) {
    return Status(StatusCode::INVALID_ARGUMENT, quoted + ": " + ::gai_strerror(failed));
  }
  const int error = try_listen(*found);
  ListenAddress address{numeric_host(*found), port};
  if (error == 0) return address;
  return Status(error == EADDRINUSE ? StatusCode::ADDRESS_IN_USE : StatusCode::IO_ERROR,
                "listening on " + address.text() + ": " + std::generic_category().message(error));
}

}  // namespace kvhost::prometheus_exporter
