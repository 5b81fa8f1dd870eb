#include "log/log_position.hpp"

#include "log/log_format.hpp"

namespace kvhost::engine {

std::string to_string(const LogPosition& position) {
  return segment_file_name(position.segment) + "+" + std::to_string(position.offset);
}

}  // namespace kvhost::engine
