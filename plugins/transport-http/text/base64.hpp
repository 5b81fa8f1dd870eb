// Base64 (RFC 4648) for bytes that JSON text cannot carry, and its URL form for cursors.
//
// Threads:   any; pure functions.
// Errors:    decoding gives none for a character outside the alphabet or a length that cannot be.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace kvhost::http {

void append_base64(std::string& out, std::string_view bytes);
// With or without padding.
std::optional<std::string> decode_base64(std::string_view text);

// Without padding.
std::string encode_base64url(std::string_view bytes);
std::optional<std::string> decode_base64url(std::string_view text);

}  // namespace kvhost::http
