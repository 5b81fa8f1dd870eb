#include "logging/log.hpp"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include "logging/line_text.hpp"

namespace kvhost::host {
namespace {

spdlog::level::level_enum to_spdlog(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarning:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

constexpr const char* kTextPattern = "%Y-%m-%dT%H:%M:%S.%eZ %-7l %v";
constexpr const char* kJsonPattern = R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l",%v})";

class StderrLog final : public Log {
 public:
  StderrLog(LogLevel level, LogFormat format)
      : format_(format), logger_("kvhost", std::make_shared<spdlog::sinks::stderr_sink_mt>()) {
    logger_.set_level(to_spdlog(level));
    logger_.set_pattern(format == LogFormat::kJson ? kJsonPattern : kTextPattern,
                        spdlog::pattern_time_type::utc);
    logger_.flush_on(spdlog::level::debug);
  }

  bool enabled(LogLevel level) const override { return logger_.should_log(to_spdlog(level)); }
  void set_level(LogLevel level) override { logger_.set_level(to_spdlog(level)); }
  void flush() override { logger_.flush(); }

  void write(LogLevel level, std::string_view component, std::string_view text) override {
    if (!enabled(level)) return;
    const std::string line =
        format_ == LogFormat::kJson
            ? "\"component\":" + json_string(component) + ",\"text\":" + json_string(text)
            : printable(component) + ": " + printable(text);
    logger_.log(to_spdlog(level), spdlog::string_view_t(line.data(), line.size()));
  }

 private:
  const LogFormat format_;
  spdlog::logger logger_;
};

}  // namespace

std::unique_ptr<Log> Log::to_stderr(LogLevel level, LogFormat format) {
  return std::make_unique<StderrLog>(level, format);
}

}  // namespace kvhost::host
