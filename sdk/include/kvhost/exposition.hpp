// The text that Prometheus and its kin read: the exposition format, version 0.0.4.
//
// Threads:   any.
// Errors:    those of the registry.
// Source:    prometheus.io, "Exposition formats".
#pragma once

#include <cmath>
#include <cstdio>
#include <string>
#include <string_view>

#include "kvhost/exporter.hpp"

namespace kvhost {

inline constexpr std::string_view kExpositionContentType = "text/plain; version=0.0.4";

namespace detail {

inline std::string exposition_number(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  char text[32];
  std::snprintf(text, sizeof(text), "%.17g", value);
  return text;
}

inline std::string exposition_escaped(std::string_view bytes, bool is_label) {
  std::string text;
  for (const char c : bytes) {
    if (c == '\n') {
      text += "\\n";
    } else {
      if (c == '\\' || (c == '"' && is_label)) text += '\\';
      text += c;
    }
  }
  return text;
}

// `{op="get",le="0.5"}`, or nothing when there are no labels.
inline std::string exposition_labels(const FamilyView& family, const SampleView& sample,
                                     const std::string& bound = {}) {
  std::string text;
  for (std::size_t i = 0; i < family.label_names.size(); ++i) {
    text += (text.empty() ? "" : ",") + std::string(family.label_names[i]) + "=\"" +
            exposition_escaped(sample.label_values[i], true) + "\"";
  }
  if (!bound.empty()) text += (text.empty() ? "le=\"" : ",le=\"") + bound + "\"";
  return text.empty() ? text : "{" + text + "}";
}

inline void add_histogram(std::string& text, const FamilyView& family, const SampleView& sample) {
  const std::string name(family.name);
  uint64_t below = 0;
  for (std::size_t i = 0; i < sample.bucket_counts.size(); ++i) {
    below += sample.bucket_counts[i];
    const std::string bound =
        i < family.bounds.size() ? exposition_number(family.bounds[i]) : "+Inf";
    text += name + "_bucket" + exposition_labels(family, sample, bound) + " " +
            std::to_string(below) + "\n";
  }
  const std::string labels = exposition_labels(family, sample);
  text += name + "_sum" + labels + " " + exposition_number(sample.sum) + "\n";
  text += name + "_count" + labels + " " + std::to_string(sample.count) + "\n";
}

inline void add_family(std::string& text, const FamilyView& family) {
  const std::string name(family.name);
  const char* type = "gauge";
  if (family.type == MetricType::kCounter) type = "counter";
  if (family.type == MetricType::kHistogram) type = "histogram";
  text += "# HELP " + name + " " + exposition_escaped(family.help, false) + "\n";
  text += "# TYPE " + name + " " + type + "\n";
  for (const auto& sample : family.samples) {
    if (family.type == MetricType::kHistogram) {
      add_histogram(text, family, sample);
    } else {
      text += name + exposition_labels(family, sample) + " " + exposition_number(sample.value) +
              "\n";
    }
  }
}

}  // namespace detail

// All families of `registry`, sorted by name.
inline Result<std::string> exposition_text(const Registry& registry) {
  std::string text;
  const Status status =
      registry.for_each([&](const FamilyView& family) { detail::add_family(text, family); });
  if (!status.is_ok()) return status;
  return text;
}

}  // namespace kvhost
