#include "slow_disk.hpp"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <string>

namespace kvhost::testing {

bool SlowDisk::is_to_be_had() {
  static const bool works =
      std::system("strace -f -e trace=fsync -o /dev/null true >/dev/null 2>&1") == 0;
  return works;
}

SlowDisk::SlowDisk(pid_t process, std::chrono::milliseconds by) {
  std::array<std::string, 8> words = {
      "strace",
      "-f",
      "-o",
      "/dev/null",
      "-e",
      "inject=fsync,fdatasync:delay_enter=" + std::to_string(std::chrono::microseconds(by).count()),
      "-p",
      std::to_string(process)};
  std::array<char*, words.size() + 1> pointers{};
  for (std::size_t i = 0; i < words.size(); ++i) pointers[i] = words[i].data();
  posix_spawn_file_actions_t quiet;
  posix_spawn_file_actions_init(&quiet);
  posix_spawn_file_actions_addopen(&quiet, 1, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addopen(&quiet, 2, "/dev/null", O_WRONLY, 0);
  if (posix_spawnp(&tracer_, "strace", &quiet, nullptr, pointers.data(), environ) != 0) {
    tracer_ = -1;
  }
  posix_spawn_file_actions_destroy(&quiet);
}

SlowDisk::~SlowDisk() {
  if (tracer_ < 0) return;
  ::kill(tracer_, SIGTERM);
  waitpid(tracer_, nullptr, 0);
}

}  // namespace kvhost::testing
