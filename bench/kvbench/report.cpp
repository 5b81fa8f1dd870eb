#include "report.hpp"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include "sample_statistics.hpp"

namespace json = boost::json;

namespace kvbench {
namespace {

std::vector<double> column(const Samples& samples, const char* name) {
  std::vector<double> values;
  for (const auto& sample : samples) values.push_back(number(sample, name));
  return values;
}

// 100 ms windows below a tenth of the median one, the last (cut short) not counted: stops that a
// client would see.
double slow_windows(const json::object& sample) {
  std::vector<double> windows;
  for (const auto& one : sample.at("windows_100ms").as_array()) {
    windows.push_back(json::value_to<double>(one));
  }
  if (windows.size() < 3) return 0;
  windows.pop_back();
  const double least = median(windows) / 10;
  return static_cast<double>(
      std::count_if(windows.begin(), windows.end(), [&](double w) { return w < least; }));
}

template <typename... Values>
std::string text(const char* format, Values... values) {
  char line[512];
  std::snprintf(line, sizeof line, format, values...);
  return line;
}

std::string both(const json::object& row, const char* name, const char* format) {
  return text(format, number(row, name)) + " / " +
         text(format, number(row, (std::string("peer_") + name).c_str()));
}

}  // namespace

double number(const json::object& object, const char* name) {
  return json::value_to<double>(object.at(name));
}

std::string peer_name(const std::string& program) {
  std::string name = program;
  std::replace(name.begin(), name.end(), '_', '-');
  return name;
}

json::object compare(const Row& row, const std::string& peer, const Samples& ours,
                     const Samples& theirs, const Machine& machine) {
  const auto ratio = ratio_interval(column(ours, "ops_per_s"), column(theirs, "ops_per_s"));
  const double limit = limit_ops_per_s(machine, row);
  const double speed = median(column(ours, "ops_per_s"));
  json::object out{{"workload", row.name},
                   {"threads", row.threads},
                   {"keys", row.keys},
                   {"value_bytes", row.value_bytes},
                   {"engine", "kvhost"},
                   {"peer", peer},
                   {"peer_version", theirs.back().at("engine")},
                   {"rounds", ours.size()},
                   {"ratio", ratio.ratio},
                   {"ratio_lo", ratio.low},
                   {"ratio_hi", ratio.high},
                   {"limit_fraction", limit > 0 ? speed / limit : 0.0}};
  for (const char* name : {"ops_per_s", "p50_us", "p99_us", "p999_us", "longest_stall_ms",
                           "cpu_us_per_op", "peak_memory_bytes", "write_amp", "space_amp"}) {
    out[name] = median(column(ours, name));
    out[std::string("peer_") + name] = median(column(theirs, name));
  }
  const auto slow = [](const Samples& samples) {
    std::vector<double> counts;
    for (const auto& sample : samples) counts.push_back(slow_windows(sample));
    return median(counts);
  };
  out["slow_windows"] = slow(ours);
  out["peer_slow_windows"] = slow(theirs);
  out["windows_100ms"] = ours.back().at("windows_100ms");
  out["peer_windows_100ms"] = theirs.back().at("windows_100ms");
  out["same_scan"] = ours.back().at("scan_hash") == theirs.back().at("scan_hash");
  return out;
}

json::object to_json(const Machine& machine) {
  return {{"processor", machine.processor},
          {"dram_miss_ns", machine.dram_miss_ns},
          {"memory_bytes_per_s", machine.memory_bytes_per_s},
          {"small_write_ns", machine.small_write_ns},
          {"sync_us", machine.sync_us},
          {"device_bytes_per_s", machine.device_bytes_per_s}};
}

void print_head() {
  std::printf("%-20s %-16s %11s %11s %6s %15s %6s %17s %17s %11s %11s %13s %11s\n", "row", "peer",
              "ops/s", "peer", "ratio", "interval", "limit", "p99.9 us", "longest ms", "write amp",
              "space amp", "cpu us/op", "RSS MB");
}

void print_row(const json::object& row) {
  std::printf(
      "%-20s %-16s %11.0f %11.0f %6.2f [%5.2f – %5.2f] %5.0f%% %17s %17s %11s %11s %13s "
      "%5.0f / %3.0f%s\n",
      row.at("workload").as_string().c_str(), row.at("peer").as_string().c_str(),
      number(row, "ops_per_s"), number(row, "peer_ops_per_s"), number(row, "ratio"),
      number(row, "ratio_lo"), number(row, "ratio_hi"), number(row, "limit_fraction") * 100,
      both(row, "p999_us", "%.1f").c_str(), both(row, "longest_stall_ms", "%.1f").c_str(),
      both(row, "write_amp", "%.1f").c_str(), both(row, "space_amp", "%.2f").c_str(),
      both(row, "cpu_us_per_op", "%.2f").c_str(), number(row, "peak_memory_bytes") / 1e6,
      number(row, "peer_peak_memory_bytes") / 1e6,
      number(row, "ratio_lo") > 1.0 ? "" : "  not a win");
  std::fflush(stdout);
}

std::string markdown_table(const json::array& rows) {
  std::string table =
      "| row | peer | kvhost, ops/s | peer, ops/s | ratio | interval | of the limit | p99.9, µs | "
      "longest, ms | slow windows | write amp | space amp | CPU, µs/op | RSS, MB |\n"
      "|---|---|---|---|---|---|---|---|---|---|---|---|---|---|\n";
  for (const auto& one : rows) {
    const auto& row = one.as_object();
    table +=
        text("| %s | %s | %.0f | %.0f | **%.2f** | %.2f – %.2f | %.0f %% |",
             row.at("workload").as_string().c_str(), row.at("peer").as_string().c_str(),
             number(row, "ops_per_s"), number(row, "peer_ops_per_s"), number(row, "ratio"),
             number(row, "ratio_lo"), number(row, "ratio_hi"), number(row, "limit_fraction") * 100);
    for (const auto& [name, format] : {std::pair{"p999_us", "%.1f"},
                                       {"longest_stall_ms", "%.1f"},
                                       {"slow_windows", "%.0f"},
                                       {"write_amp", "%.1f"},
                                       {"space_amp", "%.2f"},
                                       {"cpu_us_per_op", "%.2f"}}) {
      table += " " + both(row, name, format) + " |";
    }
    table += text(" %.0f / %.0f |\n", number(row, "peak_memory_bytes") / 1e6,
                  number(row, "peer_peak_memory_bytes") / 1e6);
  }
  return table;
}

json::object merge_files(const std::vector<std::string>& files) {
  json::value machine;
  json::array rows;
  for (const auto& file : files) {
    std::ifstream stream(file);
    std::stringstream content;
    content << stream.rdbuf();
    if (!stream) throw std::runtime_error(file + ": cannot be read");
    json::error_code failed;
    const json::value result = json::parse(content.str(), failed);
    if (failed || !result.is_object()) throw std::runtime_error(file + ": not kvbench's JSON");
    machine = result.at("machine");
    for (const auto& row : result.at("rows").as_array()) {
      const auto same = std::find_if(rows.begin(), rows.end(), [&](const json::value& other) {
        return other.at("workload") == row.at("workload") && other.at("peer") == row.at("peer");
      });
      if (same == rows.end()) {
        rows.push_back(row);
      } else {
        *same = row;
      }
    }
  }
  return {{"machine", machine}, {"rows", rows}};
}

}  // namespace kvbench
