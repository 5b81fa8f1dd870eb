// The process's log: lines on stderr, as text or as JSON, each marked with who speaks.
//
// Threads:   any, concurrently. Lines never mix.
// Lifetime:  outlives everything that logs; made in main.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "config/node_settings.hpp"
#include "kvhost/engine/logger.hpp"

namespace kvhost::host {

using engine::LogLevel;

class Log {
 public:
  virtual ~Log() = default;
  // To stderr.
  static std::unique_ptr<Log> to_stderr(LogLevel level, LogFormat format);

  virtual bool enabled(LogLevel level) const = 0;
  virtual void set_level(LogLevel level) = 0;
  // `component`: "node", "engine", "http", …
  virtual void write(LogLevel level, std::string_view component, std::string_view text) = 0;
  virtual void flush() = 0;
};

// A component's pen: its lines carry its name. Also what the engine logs with.
class ComponentLog final : public engine::Logger {
 public:
  ComponentLog(Log& log, std::string component) : log_(&log), component_(std::move(component)) {}

  bool enabled(LogLevel level) const { return log_->enabled(level); }
  void log(LogLevel level, std::string_view text) override { log_->write(level, component_, text); }
  void debug(std::string_view text) { log(LogLevel::kDebug, text); }
  void info(std::string_view text) { log(LogLevel::kInfo, text); }
  void warning(std::string_view text) { log(LogLevel::kWarning, text); }
  void error(std::string_view text) { log(LogLevel::kError, text); }
  const std::string& component() const { return component_; }

 private:
  Log* log_;
  std::string component_;
};

}  // namespace kvhost::host
