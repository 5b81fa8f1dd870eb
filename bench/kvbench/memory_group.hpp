// A control group with a memory limit, so that data do not fit: page cache and the engine's own
// memory count alike, whichever the engine prefers.
//
// Errors:    std::runtime_error where the machine has no writable memory controller.
#pragma once

#include <cstdint>
#include <string>

namespace kvbench {

class MemoryGroup {
 public:
  explicit MemoryGroup(uint64_t limit_bytes);
  ~MemoryGroup();
  MemoryGroup(const MemoryGroup&) = delete;
  MemoryGroup& operator=(const MemoryGroup&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// Makes the files below `directory` durable and lets the kernel forget their pages: what a loader
// left in the page cache would be free for the run.
void drop_from_page_cache(const std::string& directory);

}  // namespace kvbench
