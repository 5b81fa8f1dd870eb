// Where a value of the configuration was written: a file's line and column, or a --set argument.
//
// Threads:   a value.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

namespace kvhost::host {

struct SourcePlace {
  // "node.toml", "--set node.id", "the embedded default"; shared by every value of one source.
  std::shared_ptr<const std::string> source;
  // From 1; 0 where the source has no lines.
  uint32_t line = 0;
  uint32_t column = 0;
  // Given on the command line: bare words are taken for what the option wants.
  bool command_line = false;

  // "node.toml:12:5", or the source alone.
  std::string to_string() const;
};

}  // namespace kvhost::host
