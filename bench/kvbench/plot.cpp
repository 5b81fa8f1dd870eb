#include "plot.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <vector>

#include "report.hpp"

namespace json = boost::json;

namespace kvbench {
namespace {

constexpr double kWidth = 900;
constexpr double kLabels = 230;
constexpr double kBar = 18;
constexpr double kSeriesHeight = 70;
constexpr double kGap = 24;
constexpr const char* kOurs = "#1b6ca8";
constexpr const char* kPeers = "#c0504d";
constexpr double kLeastRatio = 0.25;
constexpr double kLargestRatio = 16;

template <typename... Values>
void add(std::string& svg, const char* format, Values... values) {
  char line[512];
  std::snprintf(line, sizeof line, format, values...);
  svg += line;
}

double x_of_ratio(double ratio) {
  const double clamped = std::clamp(ratio, kLeastRatio, kLargestRatio);
  return kLabels + (kWidth - kLabels - 70) * std::log2(clamped / kLeastRatio) /
                       std::log2(kLargestRatio / kLeastRatio);
}

void add_ratios(std::string& svg, const json::array& rows, double top) {
  const double bottom = top + kBar * static_cast<double>(rows.size());
  for (double ratio = kLeastRatio; ratio <= kLargestRatio; ratio *= 2) {
    const double x = x_of_ratio(ratio);
    add(svg, "<line x1='%.1f' y1='%.1f' x2='%.1f' y2='%.1f' stroke='%s'/>\n", x, top - 4, x, bottom,
        ratio == 1 ? "#000" : "#ddd");
    add(svg, "<text x='%.1f' y='%.1f' text-anchor='middle'>%g×</text>\n", x, top - 8, ratio);
  }
  double y = top;
  for (const auto& one : rows) {
    const auto& row = one.as_object();
    const double ratio = number(row, "ratio");
    const double from = x_of_ratio(1);
    const double to = x_of_ratio(ratio);
    const bool wins = number(row, "ratio_lo") > 1;
    add(svg, "<text x='%.1f' y='%.1f' text-anchor='end'>%s, %s</text>\n", kLabels - 6, y + 12,
        row.at("workload").as_string().c_str(), row.at("peer").as_string().c_str());
    add(svg, "<rect x='%.1f' y='%.1f' width='%.1f' height='%.1f' fill='%s'/>\n", std::min(from, to),
        y + 3, std::abs(to - from), kBar - 6, wins ? kOurs : kPeers);
    add(svg, "<line x1='%.1f' y1='%.1f' x2='%.1f' y2='%.1f' stroke='#000'/>\n",
        x_of_ratio(number(row, "ratio_lo")), y + kBar / 2, x_of_ratio(number(row, "ratio_hi")),
        y + kBar / 2);
    add(svg, "<text x='%.1f' y='%.1f'>%.2f</text>\n",
        std::max(to, x_of_ratio(number(row, "ratio_hi"))) + 4, y + 12, ratio);
    y += kBar;
  }
}

std::vector<double> series(const json::object& row, const char* name) {
  std::vector<double> values;
  for (const auto& one : row.at(name).as_array()) values.push_back(json::value_to<double>(one));
  return values;
}

void add_line(std::string& svg, const std::vector<double>& values, std::size_t longest,
              double largest, double top, const char* colour) {
  svg += "<polyline fill='none' stroke='" + std::string(colour) + "' points='";
  const double step =
      (kWidth - kLabels - 70) / static_cast<double>(std::max<std::size_t>(longest, 2) - 1);
  for (std::size_t i = 0; i < values.size(); ++i) {
    add(svg, "%.1f,%.1f ", kLabels + step * static_cast<double>(i),
        top + kSeriesHeight * (1 - values[i] / largest));
  }
  svg += "'/>\n";
}

void add_series(std::string& svg, const json::object& row, double top) {
  const auto ours = series(row, "windows_100ms");
  const auto theirs = series(row, "peer_windows_100ms");
  double largest = 1;
  for (const auto* one : {&ours, &theirs}) {
    for (const double value : *one) largest = std::max(largest, value);
  }
  const std::size_t longest = std::max(ours.size(), theirs.size());
  add(svg, "<text x='%.1f' y='%.1f' text-anchor='end'>%s</text>\n", kLabels - 6, top + 14,
      row.at("workload").as_string().c_str());
  add(svg, "<text x='%.1f' y='%.1f' text-anchor='end' fill='#777'>%.0f per 100 ms, %.1f s</text>\n",
      kLabels - 6, top + 30, largest, static_cast<double>(longest) / 10);
  add(svg, "<rect x='%.1f' y='%.1f' width='%.1f' height='%.1f' fill='none' stroke='#ddd'/>\n",
      kLabels, top, kWidth - kLabels - 70, kSeriesHeight);
  add_line(svg, theirs, longest, largest, top, kPeers);
  add_line(svg, ours, longest, largest, top, kOurs);
}

}  // namespace

std::string plot_svg(const json::object& result) {
  const auto& rows = result.at("rows").as_array();
  const double ratios_top = 60;
  const double series_top = ratios_top + kBar * static_cast<double>(rows.size()) + 60;
  const double height = series_top + (kSeriesHeight + kGap) * static_cast<double>(rows.size()) + 20;
  std::string svg;
  add(svg,
      "<svg xmlns='http://www.w3.org/2000/svg' width='%.0f' height='%.0f' font-family='sans-serif' "
      "font-size='11'>\n<rect width='100%%' height='100%%' fill='#fff'/>\n",
      kWidth, height);
  add(svg,
      "<text x='10' y='20' font-size='14'>kvhost's throughput ÷ the peer's, with the 95 %% "
      "interval of the rounds</text>\n");
  add_ratios(svg, rows, ratios_top);
  add(svg,
      "<text x='10' y='%.1f' font-size='14'>Operations in each 100 ms of the last round: "
      "<tspan fill='%s'>kvhost</tspan>, <tspan fill='%s'>peer</tspan></text>\n",
      series_top - 16, kOurs, kPeers);
  double top = series_top;
  for (const auto& row : rows) {
    add_series(svg, row.as_object(), top);
    top += kSeriesHeight + kGap;
  }
  return svg + "</svg>\n";
}

}  // namespace kvbench
