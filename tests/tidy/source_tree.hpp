// The project's own source files, read once.
#pragma once

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "support/places.hpp"

struct SourceFile {
  std::string path;  // from the project's root: "core/src/log/log_writer.cpp"
  std::string text;
  std::vector<std::string> lines;

  bool is_under(const std::string& folder) const { return path.rfind(folder + "/", 0) == 0; }
};

inline std::vector<SourceFile> read_sources() {
  namespace fs = std::filesystem;
  static const char* const kRooms[] = {"sdk",     "core",  "host",     "kvctl", "client",
                                       "plugins", "bench", "examples", "tests"};
  std::vector<SourceFile> files;
  for (const char* room : kRooms) {
    const fs::path folder = fs::path(kvhost::testing::source_dir()) / room;
    if (!fs::exists(folder)) continue;
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
      const auto extension = entry.path().extension();
      if (extension != ".cpp" && extension != ".hpp" && extension != ".h" && extension != ".c") {
        continue;
      }
      SourceFile file;
      file.path = fs::relative(entry.path(), kvhost::testing::source_dir()).string();
      std::ifstream stream(entry.path());
      std::stringstream text;
      text << stream.rdbuf();
      file.text = text.str();
      for (std::string line; std::getline(text, line);) file.lines.push_back(line);
      files.push_back(std::move(file));
    }
  }
  std::sort(files.begin(), files.end(),
            [](const SourceFile& a, const SourceFile& b) { return a.path < b.path; });
  return files;
}

inline const std::vector<SourceFile>& sources() {
  static const std::vector<SourceFile> files = read_sources();
  return files;
}

// The target of an #include line, or empty.
inline std::string included(const std::string& line) {
  const auto start = line.find_first_not_of(" \t");
  if (start == std::string::npos || line.compare(start, 8, "#include") != 0) return {};
  const auto open = line.find_first_of("<\"", start);
  if (open == std::string::npos) return {};
  const auto close = line.find_first_of(">\"", open + 1);
  return close == std::string::npos ? std::string() : line.substr(open + 1, close - open - 1);
}
