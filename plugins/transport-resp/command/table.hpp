// The one table of commands: names, arity, flags, keys and handlers are declared in its rows, and
// COMMAND answers from it.
//
// Threads:   any; made once, constant from then on.
#pragma once

#include <span>
#include <string_view>

#include "command/command.hpp"

namespace kvhost::resp {

// Commands and subcommands; a Command's index is its place here.
std::span<const Command* const> all_commands();
// Commands alone, in the order of their names.
std::span<const Command* const> top_commands();
std::span<const Command* const> subcommands_of(const Command& command);

// By name, in any case; null for none.
const Command* find_command(std::string_view name);
const Command* find_subcommand(const Command& command, std::string_view name);
// "get", or "client|list".
const Command* find_full_name(std::string_view name);

}  // namespace kvhost::resp
