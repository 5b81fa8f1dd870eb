// The results as a picture: ratios with their intervals on a logarithmic scale, and below them, row
// by row, how many operations each 100 ms saw.
#pragma once

#include <boost/json.hpp>
#include <string>

namespace kvbench {

// `result` is {"machine", "rows"}; a whole SVG document.
std::string plot_svg(const boost::json::object& result);

}  // namespace kvbench
