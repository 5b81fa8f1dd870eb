#include "support/temporary_directory.hpp"

#include <stdlib.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "base/assert.hpp"

namespace kvhost::engine::testing {

TemporaryDirectory::TemporaryDirectory() {
  path_ = (std::filesystem::temp_directory_path() / "kvhost-test-XXXXXX").string();
  if (::mkdtemp(path_.data()) != nullptr) return;
  std::fprintf(stderr, "%s: %s\n", path_.c_str(), std::strerror(errno));
  KVHOST_ASSERT(false, "no temporary directory could be made");
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace kvhost::engine::testing
