#include "kvhost/engine/allocator.hpp"

#include <cstdlib>  // defines __GLIBC__

#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace kvhost::engine {

void tune_allocator() {
#ifdef __GLIBC__
  // Naming the threshold also stops glibc from raising it by itself.
  static_cast<void>(mallopt(M_MMAP_THRESHOLD, 128 << 10));
  static_cast<void>(mallopt(M_ARENA_MAX, 2));
#endif
}

}  // namespace kvhost::engine
