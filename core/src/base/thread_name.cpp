#include "base/thread_name.hpp"

#include <pthread.h>

#include <algorithm>

namespace kvhost::engine {

void set_thread_name(std::string_view name) {
  char bounded[16] = {};
  std::copy_n(name.begin(), std::min(name.size(), sizeof bounded - 1), bounded);
  pthread_setname_np(pthread_self(), bounded);
}

}  // namespace kvhost::engine
