// The tree of tables, drawn from the node's section "lsm".
//
// Threads:   pure functions.
#pragma once

#include <boost/json.hpp>
#include <string>

namespace kvhost::kvctl {

// A line per level with its runs, files and bytes, and a bar that shows its share; what is missing
// in `lsm` is left out.
std::string lsm_picture(const boost::json::value& lsm);

}  // namespace kvhost::kvctl
