// Where memory runs out in a request, the request fails, and nothing else: the frame around calls
// of the public interface.
//
// Threads:   any.
#pragma once

#include <new>
#include <utility>

#include "kvhost/status.hpp"

namespace kvhost::engine {

inline Status out_of_memory() {
  // Short enough to need no memory itself.
  return {StatusCode::OUT_OF_MEMORY, "no memory"};
}

// What `call` returns (a Status or a Result), or OUT_OF_MEMORY.
template <typename Call>
auto or_out_of_memory(Call&& call) -> decltype(call()) {
  try {
    return std::forward<Call>(call)();
  } catch (const std::bad_alloc&) {
    return out_of_memory();
  }
}

}  // namespace kvhost::engine
