// Names in a data directory that has had more than one state, and the bytes of its marker.
//
// Threads:   any.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "kvhost/result.hpp"

namespace kvhost::engine {

inline constexpr std::string_view kStateMarkerName = "STATE";
inline constexpr std::string_view kIncomingSuffix = ".tmp";

// `state-000002`.
std::string state_name(uint64_t number);
// Nullopt for every other name.
std::optional<uint64_t> parse_state_name(std::string_view name);
// Of `state-000002.tmp`, a state that is being received.
std::optional<uint64_t> parse_incoming_name(std::string_view name);
bool is_transfer_name(std::string_view name);

// A line that says what the file is, the state's name, the checksum of both.
std::string encode_state_marker(std::string_view name);
// CORRUPTION, FORMAT_UNSUPPORTED; worded without the path.
Result<std::string> decode_state_marker(std::string_view bytes);

}  // namespace kvhost::engine
