// What a plugin says of a failure: its code and its words, whatever size its kvh_error has.
//
// Threads:   any; pure.
// Errors:    a code that nobody knows and words that are missing are called the plugin's bug.
#pragma once

#include <cstdint>
#include <string_view>

#include "kvhost/abi/types.h"
#include "kvhost/status.hpp"

namespace kvhost::host {

// OK for KVH_OK. `error` may be null.
Status plugin_words(int32_t code, const kvh_error* error);

// The text of `error`, which may be null, shorter than this host's, or say more than it holds.
std::string_view error_text(const kvh_error* error);

}  // namespace kvhost::host
