// What an administrator may ask a node to do, by name; answers are JSON texts.
//
// Threads:   run on the background lane; may take long.
// Errors:    UNKNOWN_ROUTE lists the names.
#pragma once

#include <string>
#include <string_view>

#include "kvhost/engine/engine.hpp"
#include "kvhost/result.hpp"

namespace kvhost::host {

class StoreCore;

// What a command works on. The engine is kept from the begin on: the store may let go of it
// meanwhile.
struct CommandScope {
  engine::Engine& engine;
  StoreCore& core;
};

bool is_admin_command(std::string_view name);
// Names that the strategy gets: "cluster-promote" is its "promote".
inline constexpr std::string_view kClusterPrefix = "cluster-";
Status unknown_command(std::string_view name, bool has_strategy);

// Requires is_admin_command(name).
Result<std::string> run_admin_command(CommandScope scope, std::string_view name,
                                      std::string_view arguments);

}  // namespace kvhost::host
