#include "kvhost/engine/logger.hpp"

#include <memory>

namespace kvhost::engine {
namespace {

class NullLogger final : public Logger {
 public:
  void log(LogLevel, std::string_view) override {}
};

}  // namespace

Logger& null_logger() {
  static NullLogger* const logger = std::make_unique<NullLogger>().release();
  return *logger;
}

}  // namespace kvhost::engine
