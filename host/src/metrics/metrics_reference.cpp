#include "metrics/metrics_reference.hpp"

namespace kvhost::host {
namespace {

std::string_view type_name(MetricType type) {
  switch (type) {
    case MetricType::kCounter:
      return "counter";
    case MetricType::kGauge:
      return "gauge";
    default:
      return "histogram";
  }
}

std::string labels_of(const MetricFamily& family, std::string_view quote) {
  std::string text;
  for (const auto& label : family.label_names) {
    if (!text.empty()) text += ", ";
    text += std::string(quote) + label + std::string(quote);
  }
  return text;
}

}  // namespace

std::string metrics_reference(const std::vector<MetricFamily>& families) {
  std::string page =
      "# Metrics\n"
      "\n"
      "What a node tells about itself, as its exporter shows it (`http://127.0.0.1:2112/metrics` "
      "by\n"
      "default). This page is made from the program; a test fails when it is stale.\n"
      "\n"
      "Names are `kvhost_<area>_<thing>_<unit>`, with `_total` for counters, in base units. The "
      "three\n"
      "`kvstore_…` names are those of the original node and stay. Histograms of durations have "
      "buckets\n"
      "from 10 µs, doubling up to 42 s. Keys and clients are never labels. Plugins add families "
      "of\n"
      "their own, such as the connections of a transport.\n"
      "\n"
      "| metric | type | labels | meaning |\n"
      "|---|---|---|---|\n";
  for (const auto& family : families) {
    page += "| `" + family.name + "` | " + std::string(type_name(family.type)) + " | " +
            labels_of(family, "`") + " | " + family.help + " |\n";
  }
  return page;
}

std::string metrics_list(const std::vector<MetricFamily>& families) {
  std::string list;
  for (const auto& family : families) {
    list += family.name + " " + std::string(type_name(family.type)) + " {" + labels_of(family, "") +
            "}\n";
  }
  return list;
}

}  // namespace kvhost::host
