// What a load on servers came to: a row per endpoint, as JSON and as a table.
//
// Threads:   any.
#pragma once

#include <boost/json.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "load.hpp"

namespace kvbench {

// One endpoint's rounds. Speeds and latencies are medians, counts are sums.
boost::json::object server_row(const Endpoint& endpoint, const LoadPlan& plan,
                               const std::vector<LoadOutcome>& rounds);

// Adds "ratio", "ratio_lo" and "ratio_hi" to the rows but the first: the first's operations per
// second divided by theirs, round by round, with the interval of the bootstrap.
void add_ratios(boost::json::array& rows, const std::vector<std::vector<LoadOutcome>>& rounds);

// What the latencies mean: open or closed loop.
std::string loop_words(const LoadPlan& plan);
std::string server_table(const LoadPlan& plan, const boost::json::array& rows);

}  // namespace kvbench
