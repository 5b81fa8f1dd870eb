#include "config/diagnostics.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

namespace kvhost::host {

std::string SourcePlace::to_string() const {
  std::string text = source ? *source : "the defaults";
  if (line != 0) text += ":" + std::to_string(line);
  if (line != 0 && column != 0) text += ":" + std::to_string(column);
  return text;
}

std::string Diagnostic::to_string() const { return place.to_string() + ": " + text; }

void Diagnostics::add(SourcePlace place, std::string text) {
  items_.push_back({std::move(place), std::move(text)});
}

void Diagnostics::append(Diagnostics other) {
  for (auto& item : other.items_) items_.push_back(std::move(item));
}

Status Diagnostics::to_status() const {
  if (items_.empty()) return {};
  std::vector<const Diagnostic*> sorted;
  for (const auto& item : items_) sorted.push_back(&item);
  std::stable_sort(sorted.begin(), sorted.end(), [](const Diagnostic* a, const Diagnostic* b) {
    // What the command line says comes after what the file says.
    return std::tuple(a->place.command_line, a->place.line, a->place.column) <
           std::tuple(b->place.command_line, b->place.line, b->place.column);
  });
  std::string text;
  for (const auto* item : sorted) {
    if (!text.empty()) text += '\n';
    text += item->to_string();
  }
  return {StatusCode::CONFIG_ERROR, text};
}

}  // namespace kvhost::host
