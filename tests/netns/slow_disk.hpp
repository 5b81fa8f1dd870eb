// Holds up every sync of a process as long as this lives; then lets go of it.
//
// Threads:   one.
#pragma once

#include <sys/types.h>

#include <chrono>

namespace kvhost::testing {

class SlowDisk {
 public:
  // Whether the machine allows it.
  static bool is_to_be_had();

  SlowDisk(pid_t process, std::chrono::milliseconds by);
  ~SlowDisk();
  SlowDisk(const SlowDisk&) = delete;
  SlowDisk& operator=(const SlowDisk&) = delete;

 private:
  pid_t tracer_ = -1;
};

}  // namespace kvhost::testing
