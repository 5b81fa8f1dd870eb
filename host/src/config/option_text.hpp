// One option's value from its text: defaults, bounds and bare words on the command line.
//
// Threads:   any; pure functions.
// Errors:    INVALID_ARGUMENT, with what is wrong about the text.
#pragma once

#include <string_view>

#include "config/option_schema.hpp"
#include "config/option_values.hpp"
#include "kvhost/result.hpp"

namespace kvhost::host {

// Not for kTables. kStrings: words between commas.
Result<OptionValue> parse_option_text(const OptionSchema& option, std::string_view text);
// OK, or INVALID_ARGUMENT when `value` lies outside the bounds or is none of the choices.
Status check_bounds(const OptionSchema& option, const OptionValue& value);
// As the file would write the value, for pages and messages.
std::string format_option_value(const OptionSchema& option, const OptionValue& value);

}  // namespace kvhost::host
