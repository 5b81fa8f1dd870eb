#include "support/recording_file_system.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace kvhost::engine::testing {
namespace {

constexpr std::array<std::string_view, 12> kChanging = {
    "create", "preallocate", "append", "write", "sync",     "syncdir",
    "rename", "link",        "remove", "rmdir", "truncate", "mkdir"};

}  // namespace

std::string RecordingFileSystem::shown(const std::string& path) const {
  if (root_.empty() || !path.starts_with(root_)) return path;
  const std::string rest = path.substr(root_.size());
  if (rest.empty()) return ".";
  return rest.front() == '/' ? rest.substr(1) : path;
}

FileVerdict RecordingFileSystem::on_call(const FileCall& call) {
  if (std::find(kChanging.begin(), kChanging.end(), call.kind) == kChanging.end()) return {};
  std::string line = std::string(call.kind) + " " + shown(call.path);
  if (!call.target.empty()) line += " " + shown(call.target);
  if (call.kind == "write") line += " " + std::to_string(call.offset);
  if (call.bytes != 0 || call.kind == "truncate") line += " " + std::to_string(call.bytes);
  MutexLock lock(mutex_);
  lines_.push_back(std::move(line));
  return {};
}

std::vector<std::string> RecordingFileSystem::take() {
  MutexLock lock(mutex_);
  return std::exchange(lines_, {});
}

std::string RecordingFileSystem::take_text() {
  std::string text;
  for (const std::string& line : take()) text += line + "\n";
  return text;
}

}  // namespace kvhost::engine::testing
