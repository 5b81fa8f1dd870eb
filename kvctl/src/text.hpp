// How bytes and tables look on a terminal and in JSON.
//
// Threads:   pure functions.
#pragma once

#include <boost/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kvhost/client/types.hpp"

namespace kvhost::kvctl {

bool is_utf8(std::string_view bytes);
std::string to_base64(std::string_view bytes);
std::optional<std::string> from_base64(std::string_view text);

// On one line: control bytes, backslashes and what is no UTF-8 as \xNN.
std::string printable(std::string_view bytes);
// Characters of UTF-8 text; each is taken to be one column wide.
std::size_t display_width(std::string_view text);
// "1.5 MiB".
std::string human_bytes(uint64_t bytes);
std::string human_duration(uint64_t ms);

// `name` or, where the bytes are no UTF-8, `name_base64`; as HTTP does.
void put_bytes(boost::json::object& object, const std::string& name, std::string_view bytes);
// The bytes of `name` or `name_base64`; nothing when neither is there or it is no text.
std::optional<std::string> take_bytes(const boost::json::object& object, const std::string& name);
boost::json::object entry_json(const client::Entry& entry, bool with_value = true);

// Columns as wide as their longest cell, two blanks apart; the first row is the head.
std::string table(const std::vector<std::vector<std::string>>& rows);
// One line per leaf: "engine.levels[0].bytes  123".
std::vector<std::vector<std::string>> flatten(const boost::json::value& value);
std::string flat_text(const boost::json::value& value);

}  // namespace kvhost::kvctl
