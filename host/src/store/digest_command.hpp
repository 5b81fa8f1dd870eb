// "cluster-digest": a hash over this node's state at one index, so that replicas can be compared.
//
// Threads:   any; may block until the index is reached and the state is read.
// Arguments: {"index": 0 = now, "now_ms": what expiry is judged by}; the answer repeats both and
// adds
//            "digest" (32 hex digits) and "records".
#pragma once

#include <string>
#include <string_view>

#include "store/ordering.hpp"

namespace kvhost::host {

inline constexpr std::string_view kDigestCommand = "digest";

Result<std::string> run_digest_command(Ordering& ordering, std::string_view arguments);

}  // namespace kvhost::host
