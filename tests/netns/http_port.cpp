#include "http_port.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

namespace kvhost::testing {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;
// How much longer than the node's own limit an answer is waited for.
constexpr milliseconds kGrace{300};

bool wait_for(int socket, short events, milliseconds patience) {
  pollfd one{socket, events, 0};
  return poll(&one, 1, static_cast<int>(patience.count())) == 1;
}

std::size_t length_of(const std::string& head) {
  for (std::size_t at = head.find("\r\n"); at != std::string::npos;
       at = head.find("\r\n", at + 2)) {
    constexpr const char* kName = "\r\nContent-Length:";
    if (strncasecmp(head.c_str() + at, kName, 17) == 0) {
      return std::strtoull(head.c_str() + at + 17, nullptr, 10);
    }
  }
  return 0;
}

}  // namespace

bool HttpPort::connect() {
  if (socket_ >= 0) return true;
  socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port_);
  inet_pton(AF_INET, host_.c_str(), &to.sin_addr);
  int failure = 0;
  if (::connect(socket_, reinterpret_cast<sockaddr*>(&to), sizeof(to)) != 0) {
    socklen_t size = sizeof(failure);
    if (errno != EINPROGRESS || !wait_for(socket_, POLLOUT, patience_) ||
        getsockopt(socket_, SOL_SOCKET, SO_ERROR, &failure, &size) != 0 || failure != 0) {
      disconnect();
      return false;
    }
  }
  return true;
}

void HttpPort::disconnect() {
  if (socket_ >= 0) close(socket_);
  socket_ = -1;
}

HttpAnswer HttpPort::ask(const std::string& method, const std::string& key,
                         const std::string& value) {
  HttpAnswer answer;
  if (!connect()) return answer;
  const std::string request =
      method + " /" + key + " HTTP/1.1\r\nHost: " + host_ +
      "\r\nAccept: application/octet-stream\r\nContent-Type: application/octet-stream\r\n"
      "Request-Timeout: " +
      std::to_string(static_cast<double>(patience_.count()) / 1000) +
      "\r\nContent-Length: " + std::to_string(value.size()) + "\r\n\r\n" + value;
  answer.was_sent = true;
  if (send(socket_, request.data(), request.size(), MSG_NOSIGNAL) !=
          static_cast<ssize_t>(request.size()) ||
      !receive(answer)) {
    answer.status = 0;
    disconnect();
  }
  return answer;
}

bool HttpPort::receive(HttpAnswer& answer) {
  const auto limit = Clock::now() + patience_ + kGrace;
  std::string bytes;
  while (true) {
    if (const auto end = bytes.find("\r\n\r\n"); end != std::string::npos) {
      const std::size_t length = length_of(bytes.substr(0, end));
      if (bytes.size() >= end + 4 + length) {
        answer.status = std::atoi(bytes.c_str() + 9);
        answer.body = bytes.substr(end + 4, length);
        return true;
      }
    }
    const auto left = std::chrono::duration_cast<milliseconds>(limit - Clock::now());
    if (left.count() <= 0 || !wait_for(socket_, POLLIN, left)) return false;
    char room[16384];
    const ssize_t got = recv(socket_, room, sizeof(room), 0);
    if (got <= 0) return false;
    bytes.append(room, static_cast<std::size_t>(got));
  }
}

}  // namespace kvhost::testing
