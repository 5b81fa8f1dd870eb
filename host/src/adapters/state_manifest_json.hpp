// The manifest of a checkpoint as the text that travels between nodes; abi/replication.h shows it.
//
// Threads:   any.
// Errors:    parse: INVALID_ARGUMENT names the member and what was expected. Nothing in the text is
//            believed but what the receiver of the files checks again.
#pragma once

#include <string>
#include <string_view>

#include "kvhost/engine/state_directory.hpp"

namespace kvhost::host {

// A manifest with more files, or longer, is refused.
inline constexpr std::size_t kMaxManifestFiles = 1'000'000;
inline constexpr std::size_t kMaxManifestBytes = std::size_t{256} << 20;

std::string manifest_to_json(const engine::StateManifest& manifest);
Result<engine::StateManifest> manifest_from_json(std::string_view text);
std::string wanted_to_json(const std::vector<engine::StateReceiver::Wanted>& wanted);

}  // namespace kvhost::host
