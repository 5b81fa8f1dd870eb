#include "base/random.hpp"

#include <random>

namespace kvhost::engine {

uint64_t random_seed() {
  std::random_device device;
  return uint64_t{device()} << 32 | device();
}

}  // namespace kvhost::engine
