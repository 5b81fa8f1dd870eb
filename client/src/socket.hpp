// A connected TCP socket, and the way to one.
//
// Threads:   a value that owns its descriptor.
// Errors:    CONNECTION_FAILED names the endpoint and the system's reason; INVALID_ARGUMENT an
//            endpoint that is none.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <utility>

#include "kvhost/result.hpp"

namespace kvhost::client {

class Socket {
 public:
  using Deadline = std::chrono::steady_clock::time_point;

  Socket() = default;
  explicit Socket(int descriptor) : descriptor_(descriptor) {}
  Socket(Socket&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  Socket& operator=(Socket&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  ~Socket();
  int descriptor() const { return descriptor_; }

  // Non-blocking, without Nagle's delay.
  static Result<Socket> connect(const std::string& endpoint, Deadline deadline);

  Status send_all(std::string_view bytes, Deadline deadline) const;
  // At least one byte; CONNECTION_FAILED at the end of the stream.
  Result<std::string> receive_some(Deadline deadline) const;

 private:
  int descriptor_ = -1;
};

// Milliseconds until `deadline` for poll(): at least 0, rounded up.
int poll_timeout(Socket::Deadline deadline);

}  // namespace kvhost::client
