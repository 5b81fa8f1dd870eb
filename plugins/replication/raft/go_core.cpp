#include "go_core.hpp"

#include <dlfcn.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <mutex>
#include <string>

namespace kvhost::raft {
namespace {

// Not *.so: the host takes every such file for a plugin.
constexpr const char* kFileName = "replication-raft-core.so.1";

Status refused(const std::string& path, const std::string& why) {
  return {StatusCode::FORBIDDEN, path + " " + why};
}

Status check_entry(const std::string& path) {
  struct stat facts {};
  if (stat(path.c_str(), &facts) != 0) {
    return refused(path, "cannot be examined: " + std::string(std::strerror(errno)) +
                             ". It belongs beside the raft plugin's own file");
  }
  if ((facts.st_mode & S_IWOTH) != 0) {
    return refused(path, "can be written by everybody on this machine. Run: chmod o-w " + path);
  }
  if (facts.st_uid != 0 && facts.st_uid != geteuid()) {
    return refused(path, "belongs to neither root nor the user of this process");
  }
  return {};
}

template <typename Function>
Status find(void* library, const char* name, Function& out) {
  out = reinterpret_cast<Function>(dlsym(library, name));
  if (out != nullptr) return {};
  return {StatusCode::PLUGIN_INCOMPATIBLE,
          std::string(kFileName) + " has no function " + name + "; it is of another version"};
}

Status open(GoCore& core) {
  Dl_info here{};
  if (dladdr(reinterpret_cast<const void*>(&check_entry), &here) == 0) {
    return {StatusCode::INTERNAL, "the raft plugin cannot find its own file"};
  }
  const auto folder = std::filesystem::absolute(here.dli_fname).parent_path();
  const std::string path = (folder / kFileName).string();
  KVHOST_TRY(check_entry(folder.string()));
  KVHOST_TRY(check_entry(path));
  void* const library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (library == nullptr) return {StatusCode::PLUGIN_INCOMPATIBLE, dlerror()};
  KVHOST_TRY(find(library, "kvr_create", core.create));
  KVHOST_TRY(find(library, "kvr_start", core.start));
  KVHOST_TRY(find(library, "kvr_wake", core.wake));
  KVHOST_TRY(find(library, "kvr_stop", core.stop));
  KVHOST_TRY(find(library, "kvr_destroy", core.destroy));
  KVHOST_TRY(find(library, "kvr_status", core.status));
  return find(library, "kvr_command", core.command);
}

}  // namespace

Result<const GoCore*> GoCore::load() {
  static std::mutex mutex;
  static GoCore core;
  static bool is_open = false;
  const std::lock_guard lock(mutex);
  if (!is_open) KVHOST_TRY(open(core));
  is_open = true;
  return &core;
}

}  // namespace kvhost::raft
