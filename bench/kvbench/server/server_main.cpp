#include "server_main.hpp"

#include <fstream>
#include <iostream>
#include <numeric>
#include <stdexcept>

#include "server_options.hpp"
#include "server_report.hpp"

namespace json = boost::json;

namespace kvbench {
namespace {

void write_json(const std::string& path, const json::object& result) {
  std::ofstream file(path);
  file << json::serialize(result) << "\n";
  if (!file.flush()) throw std::runtime_error("--json " + path + ": cannot be written");
}

// By endpoint, then by round.
std::vector<std::vector<LoadOutcome>> run_rounds(const ServerOptions& options) {
  std::vector<std::vector<LoadOutcome>> outcomes(options.endpoints.size());
  for (int round = 0; round < options.rounds; ++round) {
    for (std::size_t i = 0; i < outcomes.size(); ++i) {
      const std::size_t turn = round % 2 == 0 ? i : outcomes.size() - 1 - i;
      outcomes[turn].push_back(
          run_load(options.endpoints[turn], options.plan, static_cast<uint64_t>(round) + 1));
    }
  }
  return outcomes;
}

// True when there was none.
bool tell_refusals(const ServerOptions& options,
                   const std::vector<std::vector<LoadOutcome>>& outcomes) {
  bool are_none = true;
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    for (const auto& outcome : outcomes[i]) {
      if (outcome.refused == 0) continue;
      std::cerr << "kvbench: " << options.endpoints[i].text << " refused " << outcome.refused
                << " operations, which no other figure counts; the first with: "
                << outcome.first_refusal << "\n";
      are_none = false;
      break;
    }
  }
  return are_none;
}

int measure(const ServerOptions& options) {
  const LoadPlan& plan = options.plan;
  if (!options.is_loaded) {
    for (const auto& endpoint : options.endpoints) load_keys(endpoint, plan);
  }
  const auto outcomes = run_rounds(options);
  json::array rows;
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    rows.push_back(server_row(options.endpoints[i], plan, outcomes[i]));
  }
  add_ratios(rows, outcomes);
  std::cout << plan.workload << ": " << plan.keys << " keys of 16 B, values of " << plan.value_bytes
            << " B, " << plan.connections << " connections, at most " << plan.depth
            << " unanswered on each, " << options.rounds << " rounds of " << plan.seconds << " s\n"
            << loop_words(plan) << "\n\n"
            << server_table(plan, rows);
  if (!options.json_file.empty()) {
    write_json(options.json_file, {{"mode", "server"}, {"loop", loop_words(plan)}, {"rows", rows}});
  }
  return tell_refusals(options, outcomes) ? 0 : 1;
}

}  // namespace

int main_of_server(const std::vector<std::string>& arguments) {
  try {
    const ServerOptions options = parse_server_options(arguments);
    if (options.wants_help) {
      print_server_help(std::cout);
      return 0;
    }
    return measure(options);
  } catch (const std::invalid_argument& usage) {
    std::cerr << "kvbench server: " << usage.what() << "\n";
    return 64;
  } catch (const std::exception& failure) {
    std::cerr << "kvbench: " << failure.what() << "\n";
    return 1;
  }
}

}  // namespace kvbench
