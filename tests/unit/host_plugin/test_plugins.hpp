// Where the tiny plugins of tests/plugins were built.
#pragma once

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "support/places.hpp"

namespace kvhost::host::testing {

inline std::string plugin_folder(const std::string& name) {
  return kvhost::testing::binary_dir() + "/tests/plugins/" + name;
}
inline std::string plugin_file(const std::string& folder, const std::string& name) {
  return plugin_folder(folder) + "/" + name + ".so";
}
inline std::string read_bytes(const std::string& path) {
  std::stringstream bytes;
  bytes << std::ifstream(path, std::ios::binary).rdbuf();
  return bytes.str();
}
inline void write_bytes(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}
inline bool says(const std::string& text, const std::string& words) {
  return text.find(words) != std::string::npos;
}

}  // namespace kvhost::host::testing
