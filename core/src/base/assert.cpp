#include "base/assert.hpp"

#include <cstdio>
#include <cstdlib>

namespace kvhost::engine {

void assertion_failed(const char* file, int line, const char* condition, const char* message) {
  std::fprintf(stderr, "kvhost: %s:%d: %s (%s does not hold)\n", file, line, message, condition);
  std::abort();
}

}  // namespace kvhost::engine
