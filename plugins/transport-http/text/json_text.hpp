// Appends JSON to a string: the answers' side. Reading is Boost.JSON's work.
//
// Threads:   any; pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace kvhost::http {

// `text` must be UTF-8.
void append_json_string(std::string& out, std::string_view text);
// "name":"…", or "name_base64":"…" where `bytes` are no UTF-8.
void append_bytes_member(std::string& out, std::string_view name, std::string_view bytes);
// Milliseconds as seconds, with as few decimals as are needed.
void append_seconds(std::string& out, uint64_t ms);

}  // namespace kvhost::http
