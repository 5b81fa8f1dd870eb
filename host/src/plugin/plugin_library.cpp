#include "plugin/plugin_library.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <boost/dll/shared_library.hpp>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <map>
#include <memory>
#include <string_view>

#include "kvhost/host/plugin_file.hpp"
#include "plugin/load_error.hpp"

namespace kvhost::host {
namespace {

Status refused(std::string text, std::string next = {}) {
  return load_error(LoadCause::kUntrustedFile, std::move(text), std::move(next));
}

std::string owner_text(const struct stat& facts) {
  return "belongs to user " + std::to_string(facts.st_uid) + ", who is neither root nor the user " +
         std::to_string(geteuid()) + " of this process";
}

bool is_trusted_owner(const struct stat& facts) {
  return facts.st_uid == 0 || facts.st_uid == geteuid();
}

// Never destroyed, so that nothing is unmapped at exit either.
std::map<std::string, boost::dll::shared_library>& libraries() {
  static auto* const kLibraries = new std::map<std::string, boost::dll::shared_library>();
  return *kLibraries;
}

// What dlerror() said, without what Boost.DLL puts around it.
std::string loader_words(std::string text) {
  constexpr std::string_view kBefore = "(dlerror system message: ";
  const auto begin = text.find(kBefore);
  const auto end = text.rfind("):");
  if (begin == std::string::npos || end == std::string::npos || end < begin) return text;
  return text.substr(begin + kBefore.size(), end - begin - kBefore.size());
}

// The loader's own words, or better ones when it is a library that is missing.
Status link_failure(const std::string& path, const char* words) {
  if (const auto file = read_plugin_file(path)) {
    const Status libraries = check_needed_libraries(*file);
    if (!libraries.is_ok()) return libraries;
  }
  return load_error(LoadCause::kLinkFailed,
                    "the dynamic loader refuses it: " + loader_words(words));
}

}  // namespace

Status check_needed_libraries(const PluginFile& file) {
  std::string missing;
  for (const auto& library : file.needed) {
    if (library.path.empty()) missing += (missing.empty() ? "" : ", ") + library.name;
  }
  if (missing.empty()) return {};
  std::string searched;
  for (const auto& directory : file.searched)
    searched += (searched.empty() ? "" : ", ") + directory;
  return load_error(LoadCause::kMissingLibrary,
                    "needs " + missing + ", which is not here. Searched: " + searched);
}

Status check_plugin_file(const std::string& path) {
  struct stat file {};
  if (stat(path.c_str(), &file) != 0)
    return refused("cannot be examined: " + std::string(std::strerror(errno)));
  if (!S_ISREG(file.st_mode)) return refused("is no regular file");
  if ((file.st_mode & S_IWOTH) != 0) {
    return refused(
        "can be written by everybody on this machine, and a plugin runs with all rights of this "
        "process",
        "Run: chmod o-w " + path);
  }
  if (!is_trusted_owner(file)) return refused(owner_text(file), "Run: chown root " + path);
  const std::string directory = std::filesystem::absolute(path).parent_path().string();
  struct stat above {};
  if (stat(directory.c_str(), &above) != 0) {
    return refused("its directory cannot be examined: " + std::string(std::strerror(errno)));
  }
  if ((above.st_mode & S_IWOTH) != 0) {
    return refused("lies in a directory that everybody on this machine can write",
                   "Run: chmod o-w " + directory);
  }
  if (!is_trusted_owner(above)) {
    return refused("lies in a directory that " + owner_text(above), "Run: chown root " + directory);
  }
  return {};
}

std::string plugin_file_doubt(const std::string& path) {
  const std::string directory = std::filesystem::absolute(path).parent_path().string();
  for (const std::string& place : {path, directory}) {
    struct stat facts {};
    if (stat(place.c_str(), &facts) != 0 || (facts.st_mode & S_IWGRP) == 0) continue;
    return place + " can be written by its group " + std::to_string(facts.st_gid) +
           ", and a plugin runs with all rights of this process. Run: chmod g-w " + place;
  }
  return {};
}

Result<const kvh_plugin*> load_plugin_library(const std::string& path) {
  using Entry = const kvh_plugin*();
  try {
    auto& loaded = libraries();
    auto found = loaded.find(path);
    if (found == loaded.end()) {
      boost::dll::shared_library library(
          boost::dll::fs::path(path),
          boost::dll::load_mode::rtld_now | boost::dll::load_mode::rtld_local);
      found = loaded.emplace(path, std::move(library)).first;
    }
    const kvh_plugin* plugin = found->second.get<Entry>(KVH_ENTRY_SYMBOL)();
    if (plugin == nullptr) {
      return load_error(LoadCause::kNoTable, KVH_ENTRY_SYMBOL "() returned nothing");
    }
    return plugin;
  } catch (const std::exception& thrown) {
    return link_failure(path, thrown.what());
  }
}

}  // namespace kvhost::host
