#include "lsm_picture.hpp"

#include <algorithm>
#include <map>
#include <vector>

#include "text.hpp"

namespace kvhost::kvctl {

namespace json = boost::json;

namespace {

struct Level {
  uint64_t runs = 0;
  uint64_t files = 0;
  uint64_t busy_files = 0;
  uint64_t bytes = 0;
  uint64_t entries = 0;
  uint64_t tombstones = 0;
};

uint64_t number(const json::object& object, std::string_view name) {
  const auto* const value = object.if_contains(name);
  boost::system::error_code failure;
  const uint64_t number = value == nullptr ? 0 : value->to_number<uint64_t>(failure);
  return failure ? 0 : number;
}

const json::array& list(const json::object& object, std::string_view name) {
  static const json::array kNone;
  const auto* const value = object.if_contains(name);
  return value != nullptr && value->is_array() ? value->get_array() : kNone;
}

std::map<uint64_t, Level> levels_of(const json::object& tree) {
  std::map<uint64_t, Level> levels;
  for (const auto& item : list(tree, "runs")) {
    if (!item.is_object()) continue;
    const json::object& run = item.get_object();
    Level& level = levels[number(run, "level")];
    ++level.runs;
    for (const auto& entry : list(run, "files")) {
      if (!entry.is_object()) continue;
      const json::object& file = entry.get_object();
      ++level.files;
      level.bytes += number(file, "bytes");
      level.entries += number(file, "entries");
      level.tombstones += number(file, "tombstones");
      const auto* const busy = file.if_contains("busy");
      level.busy_files += busy != nullptr && busy->is_bool() && busy->get_bool() ? 1 : 0;
    }
  }
  return levels;
}

std::string bar(uint64_t part, uint64_t whole) {
  constexpr uint64_t kWidth = 24;
  const uint64_t filled =
      part == 0 || whole == 0 ? 0 : std::max<uint64_t>(1, kWidth * part / whole);
  return std::string(std::min(filled, kWidth), '#');
}

}  // namespace

std::string lsm_picture(const json::value& lsm) {
  if (!lsm.is_object()) return "no tree\n";
  const json::object& tree = lsm.get_object();
  const auto levels = levels_of(tree);
  uint64_t total = 0;
  uint64_t largest = 0;
  uint64_t files = 0;
  for (const auto& [depth, level] : levels) {
    total += level.bytes;
    files += level.files;
    largest = std::max(largest, level.bytes);
  }
  std::string text;
  if (const auto* policy = tree.if_contains("policy"); policy != nullptr && policy->is_string()) {
    text += "policy " + std::string(policy->get_string()) + ", ";
  }
  text += std::to_string(files) + " tables, " + human_bytes(total) + "\n\n";
  std::vector<std::vector<std::string>> rows = {
      {"", "RUNS", "FILES", "BYTES", "ENTRIES", "TOMBSTONES", ""}};
  if (tree.contains("memtable_bytes")) {
    rows.push_back({"memory", "", "", human_bytes(number(tree, "memtable_bytes")), "", "", ""});
  }
  for (const auto& [depth, level] : levels) {
    std::string shape = bar(level.bytes, largest);
    if (level.busy_files != 0) shape += " " + std::to_string(level.busy_files) + " being merged";
    rows.push_back({"level " + std::to_string(depth), std::to_string(level.runs),
                    std::to_string(level.files), human_bytes(level.bytes),
                    std::to_string(level.entries), std::to_string(level.tombstones),
                    std::move(shape)});
  }
  return text + table(rows);
}

}  // namespace kvhost::kvctl
