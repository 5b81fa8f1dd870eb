#include "memory_group.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <stdexcept>

namespace fs = std::filesystem;

namespace kvbench {

MemoryGroup::MemoryGroup(uint64_t limit_bytes) {
  // Version 1 mounts each controller apart, version 2 has one tree.
  const bool is_version_1 = fs::exists("/sys/fs/cgroup/memory/memory.limit_in_bytes");
  const std::string root = is_version_1 ? "/sys/fs/cgroup/memory" : "/sys/fs/cgroup";
  path_ = root + "/kvbench-" + std::to_string(getpid());
  std::error_code failed;
  fs::create_directory(path_, failed);
  std::ofstream limit(path_ + (is_version_1 ? "/memory.limit_in_bytes" : "/memory.max"));
  if (failed || !(limit << limit_bytes << std::flush)) {
    rmdir(path_.c_str());
    throw std::runtime_error("no memory limit can be set in " + root);
  }
}

MemoryGroup::~MemoryGroup() { rmdir(path_.c_str()); }

void drop_from_page_cache(const std::string& directory) {
  for (const auto& entry : fs::recursive_directory_iterator(directory)) {
    if (!entry.is_regular_file()) continue;
    const int file = open(entry.path().c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) continue;
    fdatasync(file);
    posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED);
    close(file);
  }
}

}  // namespace kvbench
