// The rows of the command table, by what the commands are about.
//
// Threads:   any; constant.
#pragma once

#include <span>

#include "command/command.hpp"

namespace kvhost::resp {

std::span<const Command> value_rows();
std::span<const Command> key_rows();
std::span<const Command> server_rows();

}  // namespace kvhost::resp
