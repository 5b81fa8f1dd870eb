// The engine's figures as JSON, for the sections of kvh_store.info.
//
// Threads:   functions any.
#pragma once

#include <boost/json.hpp>

#include "kvhost/engine/engine.hpp"
#include "store/store_counters.hpp"

namespace kvhost::host {

// Null, or {"code", "message"}.
boost::json::value status_json(const Status& status);
// For `status`: what an operator looks at first.
boost::json::object engine_summary(engine::Engine& engine);
// For `stats`: every counter and gauge.
boost::json::object statistics_json(const engine::Statistics& statistics);
boost::json::object counters_json(const StoreCounters& counters);
// For `lsm`: the tree, newest run first; keys with bytes that do not print as \xNN.
boost::json::object tree_json(const engine::TreeSnapshot& tree);

}  // namespace kvhost::host
