// Makes any bytes fit for one line of a log: keys and peers' words may hold whatever they like.
//
// Threads:   any; pure functions.
#pragma once

#include <string>
#include <string_view>

namespace kvhost::host {

// UTF-8 as it is; control characters and other bytes as \n, \t, \xNN.
std::string printable(std::string_view text);
// A JSON string, quotes included; bytes that are no UTF-8 become U+FFFD.
std::string json_string(std::string_view text);

}  // namespace kvhost::host
