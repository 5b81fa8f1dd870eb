#include "plugin/library_search.hpp"

#include <glob.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace kvhost::host {

namespace fs = std::filesystem;

LibrarySearch::LibrarySearch(const std::string& file, const std::vector<std::string>& own_path) {
  std::error_code error;
  const std::string origin = fs::absolute(file, error).parent_path().string();
  for (const auto& list : own_path) add_list(list, origin);
  if (const char* const given = std::getenv("LD_LIBRARY_PATH"); given != nullptr) {
    add_list(given, origin);
  }
  constexpr int kDeepestInclude = 4;
  add_configured("/etc/ld.so.conf", kDeepestInclude);
  for (const char* directory : {"/lib64", "/usr/lib64", "/lib", "/usr/lib"}) add(directory);
}

void LibrarySearch::add(const std::string& directory) {
  std::error_code error;
  if (!fs::is_directory(directory, error)) return;
  if (std::find(directories_.begin(), directories_.end(), directory) == directories_.end()) {
    directories_.push_back(directory);
  }
}

void LibrarySearch::add_list(const std::string& list, const std::string& origin) {
  for (std::size_t begin = 0; begin <= list.size();) {
    const auto end = std::min(list.find(':', begin), list.size());
    std::string directory = list.substr(begin, end - begin);
    for (const std::string mark : {"${ORIGIN}", "$ORIGIN"}) {
      if (directory.starts_with(mark)) directory = origin + directory.substr(mark.size());
    }
    if (!directory.empty()) add(directory);
    begin = end + 1;
  }
}

// A directory a line, or `include PATTERN`.
void LibrarySearch::add_configured(const std::string& file, int depth) {
  std::ifstream lines(file);
  for (std::string line; std::getline(lines, line);) {
    line = line.substr(0, line.find('#'));
    const auto last = line.find_last_not_of(" \t");
    line.erase(last == std::string::npos ? 0 : last + 1);
    if (line.starts_with("include ") && depth > 0) {
      glob_t found{};
      if (::glob(line.c_str() + 8, 0, nullptr, &found) == 0) {
        for (std::size_t i = 0; i < found.gl_pathc; ++i) {
          add_configured(found.gl_pathv[i], depth - 1);
        }
      }
      ::globfree(&found);
    } else if (line.starts_with("/")) {
      add(line);
    }
  }
}

std::string LibrarySearch::find(const std::string& name) const {
  std::error_code error;
  if (name.find('/') != std::string::npos) return fs::exists(name, error) ? name : std::string();
  for (const auto& directory : directories_) {
    const std::string path = directory + "/" + name;
    if (fs::exists(path, error)) return path;
  }
  return {};
}

}  // namespace kvhost::host
