#include "support/places.hpp"

namespace kvhost::testing {

std::string source_dir() { return KVHOST_SOURCE_DIR; }
std::string test_data() { return source_dir() + "/tests/data"; }
std::string binary_dir() { return KVHOST_BINARY_DIR; }

}  // namespace kvhost::testing
