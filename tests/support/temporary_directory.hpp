// A directory of the machine's own that goes away with everything in it.
//
// Threads:   one.
#pragma once

#include <string>

namespace kvhost::engine::testing {

class TemporaryDirectory {
 public:
  TemporaryDirectory();
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace kvhost::engine::testing
