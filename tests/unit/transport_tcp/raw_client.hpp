// A client that says what the test says, byte by byte, over a real socket.
//
// Threads:   one.
// Errors:    throws, which fails the test.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <optional>
#include <stdexcept>
#include <string>

#include "wire/handshake.hpp"
#include "wire/reply.hpp"
#include "wire/request.hpp"

namespace kvhost::testing {

class RawClient {
 public:
  explicit RawClient(const std::string& endpoint, int receive_buffer = 0)
      : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    if (receive_buffer != 0) {
      ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof(receive_buffer));
    }
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const std::string port = endpoint.substr(endpoint.rfind(':') + 1);
    address.sin_port = htons(static_cast<uint16_t>(std::stoi(port)));
    if (::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
      throw std::runtime_error("connect failed");
    }
  }
  ~RawClient() { ::close(socket_); }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  // Sends what fits; false when the server takes no more within `patience_ms`.
  bool send(const std::string& bytes, int patience_ms = 5000) {
    std::size_t at = 0;
    while (at < bytes.size()) {
      pollfd one{socket_, POLLOUT, 0};
      if (::poll(&one, 1, patience_ms) <= 0) return false;
      const ssize_t sent =
          ::send(socket_, bytes.data() + at, bytes.size() - at, MSG_NOSIGNAL | MSG_DONTWAIT);
      if (sent < 0) return false;
      at += static_cast<std::size_t>(sent);
    }
    return true;
  }
  void end_output() { ::shutdown(socket_, SHUT_WR); }

  tcp::ServerHello hello() {
    for (;;) {
      auto greeting = tcp::decode_server_hello(input_);
      if (!greeting) throw std::runtime_error(greeting.error().to_string());
      if (*greeting) {
        input_.erase(0, (*greeting)->bytes);
        return (*greeting)->hello;
      }
      if (!receive()) throw std::runtime_error("the server closed before its greeting");
    }
  }
  tcp::ServerHello greet() {
    send(tcp::encode_client_hello({}));
    return hello();
  }

  struct Reply {
    uint16_t opcode = 0;
    uint8_t flags = 0;
    uint64_t id = 0;
    std::string payload;
    Status error() const { return tcp::decode_error({opcode, flags, id, payload}).status; }
  };
  // Nothing at the end of the stream.
  std::optional<Reply> reply() {
    for (;;) {
      if (input_.size() >= tcp::kHeaderBytes) {
        const auto header = tcp::decode_header(input_, uint64_t{1} << 32);
        if (!header) throw std::runtime_error(header.error().to_string());
        if (input_.size() >= header->frame_bytes()) {
          Reply reply{header->opcode, header->flags, header->request_id,
                      input_.substr(tcp::kHeaderBytes, header->payload_bytes())};
          input_.erase(0, header->frame_bytes());
          return reply;
        }
      }
      if (!receive()) return std::nullopt;
    }
  }
  // True when the server closes within the time.
  bool sees_end(int patience_ms) {
    while (receive(patience_ms)) continue;
    return is_at_end_;
  }

 private:
  bool receive(int patience_ms = 10'000) {
    pollfd one{socket_, POLLIN, 0};
    if (::poll(&one, 1, patience_ms) <= 0) return false;
    char buffer[65536];
    const ssize_t got = ::recv(socket_, buffer, sizeof(buffer), 0);
    is_at_end_ = got <= 0;
    if (got > 0) input_.append(buffer, static_cast<std::size_t>(got));
    return got > 0;
  }

  int socket_;
  std::string input_;
  bool is_at_end_ = false;
};

}  // namespace kvhost::testing
