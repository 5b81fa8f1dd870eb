// Checks for programmer errors. On in every build: a wrong assumption stops the process before it
// can write anything.
//
// Threads:   any.
#pragma once

namespace kvhost::engine {

// Prints `file:line: message (condition)` to stderr and aborts.
[[noreturn]] void assertion_failed(const char* file, int line, const char* condition,
                                   const char* message);

}  // namespace kvhost::engine

#define KVHOST_ASSERT(condition, message)                                          \
  do {                                                                             \
    if (!(condition)) [[unlikely]] {                                               \
      ::kvhost::engine::assertion_failed(__FILE__, __LINE__, #condition, message); \
    }                                                                              \
  } while (false)
