// Every reason for which a plugin is not loaded, once: its code, its meaning, what to do next. The
// reference page docs/reference/load-errors.md is made from here.
//
// A message says: PATH (ID VERSION): what is wrong, with what is needed and what is here. What to
// do next [code].
//
// Threads:   any; constant data.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "kvhost/result.hpp"

namespace kvhost::host {

enum class LoadCause : uint8_t {
  kUnknownName,
  kWrongKind,
  kAmbiguous,
  kUnreadable,
  kNotElf,
  kOtherMachine,
  kDamaged,
  kNoSections,
  kNoManifest,
  kBadManifest,
  kOtherAbi,
  kNewerAbi,
  kUntrustedFile,
  kMissingLibrary,
  kLinkFailed,
  kNoTable,
  kContradiction,
  kMissingSlot,
  kBadOptions,
};

struct LoadErrorInfo {
  LoadCause cause;
  std::string_view code;  // "plugin-other-abi"
  StatusCode status;
  std::string_view meaning;
  std::string_view next;  // what to do
};

const std::vector<LoadErrorInfo>& load_errors();
const LoadErrorInfo& load_error_info(LoadCause cause);

// `what`, what to do next, and the code in brackets. `next` replaces the general advice.
Status load_error(LoadCause cause, std::string what, std::string next = {});

// docs/reference/load-errors.md
std::string load_errors_page();

}  // namespace kvhost::host
