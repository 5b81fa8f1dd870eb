// A file of expected text that rewrites itself: with KVHOST_REWRITE=1 in the environment the actual
// text is written, and the change is reviewed as a diff.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "support/places.hpp"

namespace kvhost::testing {

inline bool is_rewriting() {
  const char* const set = std::getenv("KVHOST_REWRITE");
  return set != nullptr && std::string(set) == "1";
}

// What the file at `path` (from the project's root) holds; `actual` itself after a rewrite.
inline std::string golden_text(const std::string& path, const std::string& actual) {
  const std::filesystem::path full = std::filesystem::path(kvhost::testing::source_dir()) / path;
  if (is_rewriting()) {
    std::filesystem::create_directories(full.parent_path());
    std::ofstream(full, std::ios::binary) << actual;
  }
  std::ifstream stream(full, std::ios::binary);
  std::stringstream text;
  text << stream.rdbuf();
  return text.str();
}

}  // namespace kvhost::testing
