// Base64 of RFC 4648, with or without padding.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace kvhost::host {

// Nothing for text that is not base64.
std::optional<std::string> decode_base64(std::string_view text);

}  // namespace kvhost::host
