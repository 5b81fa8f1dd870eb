#include "support/fault_file_system.hpp"

#include <fnmatch.h>

#include <algorithm>
#include <cerrno>
#include <sstream>

#include "base/assert.hpp"
#include "file/posix_error.hpp"

namespace kvhost::engine::testing {

FaultFileSystem::Rule FaultFileSystem::parse(std::string_view text) {
  std::istringstream words{std::string(text)};
  std::string kinds, nth, times, fault;
  Rule rule;
  words >> kinds >> rule.glob >> nth >> times >> fault;
  KVHOST_ASSERT(!fault.empty() && nth.starts_with("nth=") && (times == "once" || times == "always"),
                "a fault reads: KINDS GLOB nth=N once|always EIO|ENOSPC|EMFILE|short");
  std::istringstream list(kinds);
  for (std::string kind; std::getline(list, kind, ',');) rule.kinds.push_back(kind);
  rule.nth = std::stoull(nth.substr(4));
  rule.is_once = times == "once";
  KVHOST_ASSERT(fault == "EIO" || fault == "ENOSPC" || fault == "EMFILE" || fault == "short",
                "an unknown fault");
  rule.fault = fault == "EIO"      ? Fault::kIoError
               : fault == "ENOSPC" ? Fault::kNoSpace
               : fault == "EMFILE" ? Fault::kNoDescriptor
                                   : Fault::kShort;
  return rule;
}

void FaultFileSystem::fail(std::string_view rule) {
  Rule parsed = parse(rule);
  MutexLock lock(mutex_);
  rules_.push_back(std::move(parsed));
}

void FaultFileSystem::heal() {
  MutexLock lock(mutex_);
  rules_.clear();
  faults_ = 0;
}

uint64_t FaultFileSystem::faults() const {
  MutexLock lock(mutex_);
  return faults_;
}

bool FaultFileSystem::matches(const Rule& rule, const FileCall& call) {
  const bool kind = std::any_of(rule.kinds.begin(), rule.kinds.end(), [&](const std::string& name) {
    return name == "*" || name == call.kind;
  });
  if (!kind) return false;
  const std::string name = call.path.substr(call.path.find_last_of('/') + 1);
  return ::fnmatch(rule.glob.c_str(), call.path.c_str(), 0) == 0 ||
         ::fnmatch(rule.glob.c_str(), name.c_str(), 0) == 0;
}

FileVerdict FaultFileSystem::on_call(const FileCall& call) {
  MutexLock lock(mutex_);
  for (Rule& rule : rules_) {
    if (!matches(rule, call)) continue;
    ++rule.matches;
    if (rule.is_once ? rule.matches != rule.nth : rule.matches < rule.nth) continue;
    ++faults_;
    if (rule.fault == Fault::kShort) return {Status::ok(), true};
    const int error = rule.fault == Fault::kNoSpace        ? ENOSPC
                      : rule.fault == Fault::kNoDescriptor ? EMFILE
                                                           : EIO;
    return {posix_error(call.path, call.kind, error), false};
  }
  return {};
}

}  // namespace kvhost::engine::testing
