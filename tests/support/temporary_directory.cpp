#include "support/temporary_directory.hpp"

#include <stdlib.h>

#include <filesystem>

#include "base/assert.hpp"

namespace kvhost::engine::testing {

TemporaryDirectory::TemporaryDirectory() {
  path_ = (std::filesystem::temp_directory_path() / "kvhost-test-XXXXXX").string();
  KVHOST_ASSERT(::mkdtemp(path_.data()) != nullptr, "no temporary directory could be made");
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace kvhost::engine::testing
