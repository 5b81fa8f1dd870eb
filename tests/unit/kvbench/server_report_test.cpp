// What a load came to, from plain figures.
#include "server/server_report.hpp"

#include <catch2/catch.hpp>

namespace kvbench {
namespace {

LoadOutcome outcome(uint64_t gets, uint64_t latency_us) {
  LoadOutcome made;
  made.gets = made.checked = gets;
  made.seconds = 2;
  made.driver_cpu_seconds = 0.5;
  for (uint64_t i = 0; i < gets; ++i) made.latencies.record(i * 1'000'000, latency_us * 1000);
  return made;
}

double figure(const boost::json::object& row, const char* name) {
  return boost::json::value_to<double>(row.at(name));
}

TEST_CASE("server report: a row has the sums of counts and the medians of speeds") {
  LoadPlan plan;
  const auto row = server_row(parse_endpoint("tcp://h:1"), plan,
                              {outcome(1000, 10), outcome(3000, 30), outcome(2000, 20)});
  CHECK(figure(row, "operations") == 6000);
  CHECK(figure(row, "checked") == 6000);
  CHECK(figure(row, "ops_per_s") == 1000);
  CHECK(figure(row, "p99_us") == 20);
  CHECK(figure(row, "longest_stall_ms") == 0.02);
  CHECK(figure(row, "driver_cpu_us_per_op") == 250);
  CHECK(row.at("loop") == "closed");
  CHECK_FALSE(row.contains("held"));
  CHECK_THAT(loop_words(plan), Catch::Contains("closed loop"));
}

TEST_CASE("server report: an open loop says how far its rate was held") {
  LoadPlan plan;
  plan.rate = 2000;
  auto late = outcome(3000, 10);
  late.unsent = 1000;
  late.lateness.record_latency(5'000'000);
  const auto row = server_row(parse_endpoint("http://h:1"), plan, {late});
  CHECK(row.at("loop") == "open");
  CHECK(figure(row, "held") == 0.75);
  CHECK(figure(row, "unsent") == 1000);
  CHECK(figure(row, "late_max_ms") == 5);
  const std::string table = server_table(plan, {row});
  CHECK_THAT(table, Catch::Contains("75.00%") && Catch::Contains("http://h:1"));
  CHECK_THAT(loop_words(plan), Catch::Contains("open loop, 2000/s"));
}

TEST_CASE("server report: ratios are the first's speed by the others', round by round") {
  LoadPlan plan;
  const std::vector<std::vector<LoadOutcome>> rounds = {{outcome(2000, 10), outcome(3000, 10)},
                                                        {outcome(1000, 10), outcome(1000, 10)}};
  boost::json::array rows;
  rows.push_back(server_row(parse_endpoint("resp://h:1"), plan, rounds[0]));
  rows.push_back(server_row(parse_endpoint("resp://h:2"), plan, rounds[1]));
  add_ratios(rows, rounds);
  CHECK_FALSE(rows[0].as_object().contains("ratio"));
  CHECK(figure(rows[1].as_object(), "ratio") == 2.5);
  CHECK(figure(rows[1].as_object(), "ratio_lo") == 2);
  CHECK(figure(rows[1].as_object(), "ratio_hi") == 3);
  CHECK_THAT(server_table(plan, rows), Catch::Contains("2.50") && Catch::Contains("[2.00 - 3.00]"));
}

}  // namespace
}  // namespace kvbench
