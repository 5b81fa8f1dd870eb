// Says whether bytes are well-formed UTF-8 (RFC 3629: no overlong forms, no surrogates), and so can
// stand in a JSON string.
//
// Threads:   any; a pure function.
#pragma once

#include <string_view>

namespace kvhost::http {

bool is_utf8(std::string_view bytes);

}  // namespace kvhost::http
