// What the tests of this folder ask of the machine, and how they say that it is not to be had.
//
// Threads:   one.
#pragma once

#include <sys/mount.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "support/temporary_directory.hpp"

namespace kvhost::engine::testing {

// ctest shows a test that prints this as skipped.
inline void skip(const std::string& why) {
  std::fprintf(stderr, "SKIPPED: %s\n", why.c_str());
  WARN("SKIPPED: " << why);
}

// True when a command of the shell ends well; its words go nowhere.
inline bool run_quietly(const std::string& command) {
  return std::system((command + " >/dev/null 2>&1").c_str()) == 0;
}

inline bool has_program(const char* name) { return run_quietly("command -v " + std::string(name)); }

inline uint64_t number_from(const char* variable, uint64_t otherwise) {
  const char* const text = std::getenv(variable);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

// A small file system of its own, mounted in a temporary directory until this goes away.
class SmallDisk {
 public:
  ~SmallDisk() { unmount(); }
  SmallDisk() = default;
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  // In memory, with so much room; false where mounting is not allowed.
  bool mount_tmpfs(const std::string& options) {
    make_folder();
    return remember(::mount("kvhost-test", path().c_str(), "tmpfs", 0, options.c_str()) == 0);
  }
  // An ext4 in a file; false where mounting is not allowed or a program is missing.
  bool make_ext4(const std::string& size) {
    make_folder();
    const std::string image = image_path();
    return run_quietly("truncate -s " + size + " " + image) &&
           run_quietly("mkfs.ext4 -q -F " + image) && mount_image();
  }
  bool mount_image() {
    return remember(run_quietly("mount -o loop " + image_path() + " " + path()));
  }
  void unmount() {
    // Somebody may still look at it for a moment.
    for (int i = 0; is_mounted_ && i < 200; ++i) {
      if (::umount(path().c_str()) == 0) is_mounted_ = false;
      if (is_mounted_) ::usleep(50'000);
    }
    if (is_mounted_) ::umount2(path().c_str(), MNT_DETACH);
    is_mounted_ = false;
  }
  std::string path() const { return folder_.path() + "/mnt"; }

 private:
  std::string image_path() const { return folder_.path() + "/image"; }
  void make_folder() { std::filesystem::create_directories(path()); }
  bool remember(bool is_mounted) { return is_mounted_ = is_mounted; }

  TemporaryDirectory folder_;
  bool is_mounted_ = false;
};

}  // namespace kvhost::engine::testing
