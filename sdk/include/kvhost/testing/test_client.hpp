// A blocking TCP client for the tests of transports and exporters.
//
//   auto client = TestClient::connect(transport.addresses().front());
//   client->send("GET apple\n");
//   CHECK(client->read_line() == "ABSENT");
//
// Threads:   one.
// Errors:    every wait ends after `limit`, 20 s unless said otherwise: a test fails, never hangs.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

#include "kvhost/result.hpp"

namespace kvhost::testing {

class TestClient {
 public:
  using Limit = std::chrono::milliseconds;
  static constexpr Limit kLimit = std::chrono::seconds(20);

  // `address` as a component gives it: "127.0.0.1:8080".
  static Result<TestClient> connect(std::string_view address) {
    const auto colon = address.rfind(':');
    if (colon == std::string_view::npos) return failed(address, "has no port");
    sockaddr_in peer{};
    peer.sin_family = AF_INET;
    peer.sin_port =
        htons(static_cast<uint16_t>(std::atoi(std::string(address.substr(colon + 1)).c_str())));
    if (inet_pton(AF_INET, std::string(address.substr(0, colon)).c_str(), &peer.sin_addr) != 1) {
      return failed(address, "is no IPv4 address");
    }
    TestClient client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (::connect(client.socket_, reinterpret_cast<const sockaddr*>(&peer), sizeof(peer)) != 0) {
      return failed(address, std::strerror(errno));
    }
    const int on = 1;
    ::setsockopt(client.socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    return client;
  }
  TestClient(TestClient&& other) noexcept
      : socket_(std::exchange(other.socket_, -1)), input_(std::move(other.input_)) {}
  TestClient& operator=(TestClient&&) = delete;
  ~TestClient() { close(); }

  // False when the peer has closed, or takes nothing for as long as `limit`.
  bool send(std::string_view bytes, Limit limit = kLimit) {
    while (!bytes.empty()) {
      if (!is_ready(POLLOUT, limit)) return false;
      const ssize_t count =
          ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (count < 0 && (errno == EAGAIN || errno == EINTR)) continue;
      if (count < 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
  }
  // No more will be sent.
  void shut_down() { ::shutdown(socket_, SHUT_WR); }
  // Ends the connection with a reset, as a crashed client does.
  void reset() {
    const linger now{1, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
    close();
  }
  void close() {
    if (socket_ >= 0) ::close(std::exchange(socket_, -1));
  }

  // Up to the next '\n', which is taken and not returned; what there is when the peer closes.
  std::string read_line(Limit limit = kLimit) {
    auto end = input_.find('\n');
    while (end == std::string::npos && receive(limit)) end = input_.find('\n');
    const std::string line = input_.substr(0, end);
    input_.erase(0, end == std::string::npos ? end : end + 1);
    return line;
  }
  // Exactly `size` bytes, fewer when the peer closes.
  std::string read(std::size_t size, Limit limit = kLimit) {
    while (input_.size() < size && receive(limit)) continue;
    const std::string bytes = input_.substr(0, size);
    input_.erase(0, size);
    return bytes;
  }
  // Until the peer closes, or nothing comes for as long as `quiet`.
  std::string read_all(Limit quiet = kLimit) {
    while (receive(quiet)) continue;
    return std::exchange(input_, {});
  }
  // The peer has closed: nothing came and nothing will. False after `limit`.
  bool is_closed_by_peer(Limit limit = kLimit) {
    while (receive(limit)) continue;
    return ended_;
  }

 private:
  explicit TestClient(int socket) : socket_(socket) {}
  static Status failed(std::string_view address, const char* why) {
    return {StatusCode::CONNECTION_FAILED, std::string(address) + ": " + why};
  }
  bool is_ready(short events, Limit limit) const {
    pollfd ready{socket_, events, 0};
    return socket_ >= 0 && ::poll(&ready, 1, static_cast<int>(limit.count())) == 1;
  }
  bool receive(Limit limit) {
    char bytes[4096];
    if (!is_ready(POLLIN, limit)) return false;
    const ssize_t count = ::recv(socket_, bytes, sizeof(bytes), 0);
    if (count < 0 && errno == EINTR) return true;
    if (count <= 0) ended_ = true;
    if (count > 0) input_.append(bytes, static_cast<std::size_t>(count));
    return count > 0;
  }

  int socket_;
  std::string input_;
  bool ended_ = false;
};

}  // namespace kvhost::testing
