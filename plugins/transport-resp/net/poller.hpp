// Waits for descriptors.
//
// Threads:   one, but wake(): any.
// Errors:    a descriptor that the kernel refuses is told by add().
#pragma once

#include <cstdint>
#include <optional>

#include "net/socket.hpp"

namespace kvhost::resp {

class PollTarget {
 public:
  virtual void on_events(uint32_t events) = 0;

 protected:
  ~PollTarget() = default;
};

class Poller {
 public:
  Status open();
  bool add(int descriptor, uint32_t events, PollTarget& target);
  void change(int descriptor, uint32_t events, PollTarget& target);
  void remove(int descriptor);
  // Waits, at most until `until_ns`, and calls the targets.
  void wait(std::optional<uint64_t> until_ns);
  void wake() const;

 private:
  Descriptor epoll_;
  Descriptor event_;
};

}  // namespace kvhost::resp
