// Where the engine's words go. The engine logs events (a flush, a compaction, an error), never
// single operations.
//
// Threads:   any; must not call back into the engine.
#pragma once

#include <cstdint>
#include <string_view>

namespace kvhost::engine {

enum class LogLevel : uint8_t { kDebug, kInfo, kWarning, kError };

class Logger {
 public:
  virtual ~Logger() = default;
  virtual void log(LogLevel level, std::string_view text) = 0;
};

// Drops everything. One object for the process, never destroyed.
Logger& null_logger();

}  // namespace kvhost::engine
