// How the findings of a check are printed, by verify and backup verify alike.
//
// Threads:   one.
#pragma once

#include <string>

#include "invocation.hpp"
#include "kvhost/engine/verify.hpp"

namespace kvhost::kvctl {

// Prints the report; CORRUPTION, which becomes the exit code, when something is damaged.
Status show_report(Invocation& call, const engine::VerifyReport& report, const std::string& what);

}  // namespace kvhost::kvctl
