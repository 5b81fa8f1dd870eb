#include "server_report.hpp"

#include <cstdio>
#include <functional>

#include "../sample_statistics.hpp"

namespace json = boost::json;

namespace kvbench {
namespace {

using Rounds = std::vector<LoadOutcome>;

template <typename Read>
double median_of(const Rounds& rounds, Read read) {
  std::vector<double> values;
  for (const auto& round : rounds) values.push_back(read(round));
  return median(values);
}

template <typename Read>
uint64_t sum_of(const Rounds& rounds, Read read) {
  uint64_t sum = 0;
  for (const auto& round : rounds) sum += read(round);
  return sum;
}

double ops_per_s(const LoadOutcome& outcome) {
  return static_cast<double>(outcome.operations()) / outcome.seconds;
}

std::vector<double> speeds(const Rounds& rounds) {
  std::vector<double> values;
  for (const auto& round : rounds) values.push_back(ops_per_s(round));
  return values;
}

template <typename... Values>
std::string text(const char* format, Values... values) {
  char line[512];
  std::snprintf(line, sizeof line, format, values...);
  return line;
}

double figure(const json::object& row, const char* name) {
  return json::value_to<double>(row.at(name));
}

void add_schedule(json::object& row, const LoadPlan& plan, const Rounds& rounds) {
  row["target_ops_per_s"] = plan.rate;
  row["held"] = figure(row, "ops_per_s") / plan.rate;
  row["late_p99_us"] =
      median_of(rounds, [](const auto& r) { return r.lateness.percentile_us(0.99); });
  row["late_max_ms"] = median_of(rounds, [](const auto& r) { return r.lateness.max_us() / 1e3; });
  row["unsent"] = sum_of(rounds, [](const auto& r) { return r.unsent; });
}

std::string schedule_words(const json::object& row) {
  return text(" %7.2f%% %12.1f %8llu", figure(row, "held") * 100, figure(row, "late_p99_us"),
              static_cast<unsigned long long>(figure(row, "unsent")));
}

}  // namespace

json::object server_row(const Endpoint& endpoint, const LoadPlan& plan, const Rounds& rounds) {
  const auto latency = [&](double fraction) {
    return median_of(rounds, [&](const auto& r) { return r.latencies.percentile_us(fraction); });
  };
  json::array windows;
  for (const auto count : rounds.back().latencies.windows()) windows.push_back(count);
  json::object row{{"workload", plan.workload},
                   {"endpoint", endpoint.text},
                   {"protocol", name_of(endpoint.protocol)},
                   {"loop", plan.rate > 0 ? "open" : "closed"},
                   {"connections", plan.connections},
                   {"depth", plan.depth},
                   {"keys", plan.keys},
                   {"value_bytes", plan.value_bytes},
                   {"rounds", rounds.size()},
                   {"operations", sum_of(rounds, [](const auto& r) { return r.operations(); })},
                   {"gets", sum_of(rounds, [](const auto& r) { return r.gets; })},
                   {"puts", sum_of(rounds, [](const auto& r) { return r.puts; })},
                   {"checked", sum_of(rounds, [](const auto& r) { return r.checked; })},
                   {"refused", sum_of(rounds, [](const auto& r) { return r.refused; })},
                   {"ops_per_s", median(speeds(rounds))},
                   {"p50_us", latency(0.5)},
                   {"p99_us", latency(0.99)},
                   {"p999_us", latency(0.999)},
                   {"longest_stall_ms",
                    median_of(rounds, [](const auto& r) { return r.latencies.max_us() / 1e3; })},
                   {"driver_cpu_us_per_op",
                    median_of(rounds,
                              [](const auto& r) {
                                const auto operations =
                                    static_cast<double>(std::max<uint64_t>(r.operations(), 1));
                                return r.driver_cpu_seconds * 1e6 / operations;
                              })},
                   {"windows_100ms", windows}};
  if (plan.rate > 0) add_schedule(row, plan, rounds);
  return row;
}

void add_ratios(json::array& rows, const std::vector<Rounds>& rounds) {
  for (std::size_t i = 1; i < rows.size(); ++i) {
    const auto ratio = ratio_interval(speeds(rounds[0]), speeds(rounds[i]));
    json::object& row = rows[i].as_object();
    row["ratio"] = ratio.ratio;
    row["ratio_lo"] = ratio.low;
    row["ratio_hi"] = ratio.high;
  }
}

std::string loop_words(const LoadPlan& plan) {
  if (plan.rate > 0) {
    return text(
        "open loop, %.0f/s intended: latencies count from the intended time, whatever an operation "
        "waits for;\nlate: how far behind it operations were sent, by a driver without processor "
        "or "
        "with all of --depth unanswered",
        plan.rate);
  }
  return "closed loop: a connection sends when an answer makes room, so a stall holds back the "
         "requests that would have met it, and percentiles understate it";
}

std::string server_table(const LoadPlan& plan, const json::array& rows) {
  std::string table = text("%-28s %10s %6s %15s %9s %9s %9s %10s %9s", "endpoint", "ops/s", "ratio",
                           "interval", "p50 us", "p99 us", "p99.9 us", "longest ms", "cpu us/op");
  if (plan.rate > 0) table += text(" %8s %12s %8s", "held", "late p99 us", "unsent");
  table += "\n";
  for (const auto& one : rows) {
    const auto& row = one.as_object();
    const bool has_ratio = row.contains("ratio");
    table += text(
        "%-28s %10.0f %6s %15s", row.at("endpoint").as_string().c_str(), figure(row, "ops_per_s"),
        has_ratio ? text("%.2f", figure(row, "ratio")).c_str() : "",
        has_ratio ? text("[%.2f - %.2f]", figure(row, "ratio_lo"), figure(row, "ratio_hi")).c_str()
                  : "");
    table += text(" %9.1f %9.1f %9.1f %10.1f %9.2f", figure(row, "p50_us"), figure(row, "p99_us"),
                  figure(row, "p999_us"), figure(row, "longest_stall_ms"),
                  figure(row, "driver_cpu_us_per_op"));
    if (plan.rate > 0) table += schedule_words(row);
    if (figure(row, "refused") > 0) table += text("  %.0f refused", figure(row, "refused"));
    table += "\n";
  }
  return table;
}

}  // namespace kvbench
