// Sockets and the other descriptors of the plugin.
//
// Threads:   any; resolving a name may block.
// Errors:    INVALID_ARGUMENT names an address and the expected form; ADDRESS_IN_USE.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "kvhost/result.hpp"

namespace kvhost::resp {

// Closes its descriptor.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() { reset(); }
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  int get() const { return fd_; }
  bool is_open() const { return fd_ >= 0; }
  void reset();

 private:
  int fd_ = -1;
};

// Listens on "127.0.0.1:6380", "[::1]:0", ":6380".
Result<Descriptor> listen_on(const std::string& address);
// "127.0.0.1:6380"; the socket's own, or its peer's.
std::string local_name(int socket);
std::string peer_name(int socket);
uint16_t local_port(int socket);

}  // namespace kvhost::resp
