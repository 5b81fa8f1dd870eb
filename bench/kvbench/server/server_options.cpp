#include "server_options.hpp"

#include <boost/program_options.hpp>
#include <ostream>
#include <sstream>
#include <stdexcept>

namespace kvbench {
namespace {

namespace po = boost::program_options;

// Values as they are read, before they are judged.
struct Given {
  std::vector<std::string> endpoints;
  std::string workload = "mixed";
  double connections = 8, depth = 1, rate = 0, seconds = 5, keys = 100'000, value = 100, rounds = 1;
  std::string json_file;
};

po::options_description description(Given& given) {
  po::options_description known("kvbench server: a load on running servers");
  auto add = known.add_options();
  add("help", "this text");
  add("endpoint", po::value(&given.endpoints)->composing(),
      "tcp://HOST:PORT, http://HOST:PORT or resp://HOST:PORT; several, comma separated or given "
      "again, run in turns and are compared with the first");
  add("workload", po::value(&given.workload), (workload_names() + " (mixed)").c_str());
  add("connections", po::value(&given.connections), "a thread each (8)");
  add("depth", po::value(&given.depth), "unanswered requests per connection, at most (1)");
  add("rate", po::value(&given.rate),
      "operations per second of all connections: open loop. Without it: closed loop");
  add("seconds", po::value(&given.seconds), "of each round (5)");
  add("keys", po::value(&given.keys), "16 bytes each (100000)");
  add("value", po::value(&given.value), "bytes of a value (100)");
  add("rounds", po::value(&given.rounds), "interleaved, the order turned each time (1)");
  add("loaded", "the keys are there from an earlier run: do not write them first");
  add("json", po::value(&given.json_file), "write the result there");
  return known;
}

double bounded(const char* name, double value, double least, double most, bool is_whole = true) {
  if (value >= least && value <= most &&
      (!is_whole || value == static_cast<double>(static_cast<uint64_t>(value)))) {
    return value;
  }
  std::ostringstream words;
  words.precision(12);
  words << "--" << name << " " << value << ": expected " << (is_whole ? "a whole number " : "")
        << "from " << least << " to " << most;
  throw std::invalid_argument(words.str());
}

std::vector<Endpoint> endpoints_of(const std::vector<std::string>& lists) {
  std::vector<Endpoint> endpoints;
  for (const auto& list : lists) {
    std::stringstream stream(list);
    for (std::string one; std::getline(stream, one, ',');) endpoints.push_back(parse_endpoint(one));
  }
  if (endpoints.empty()) {
    throw std::invalid_argument("--endpoint is missing; give one, as tcp://127.0.0.1:9090");
  }
  return endpoints;
}

}  // namespace

ServerOptions parse_server_options(const std::vector<std::string>& arguments) {
  Given given;
  const auto known = description(given);
  po::variables_map found;
  try {
    po::store(po::command_line_parser(arguments)
                  .options(known)
                  .positional(po::positional_options_description())
                  .run(),
              found);
    po::notify(found);
  } catch (const po::error& error) {
    throw std::invalid_argument(std::string(error.what()) +
                                "; kvbench server --help lists the options");
  }
  ServerOptions options;
  options.wants_help = found.count("help") != 0;
  if (options.wants_help) return options;
  options.endpoints = endpoints_of(given.endpoints);
  LoadPlan& plan = options.plan;
  plan.workload = workload_named(given.workload).name;
  plan.connections = static_cast<uint32_t>(bounded("connections", given.connections, 1, 1024));
  plan.depth = static_cast<uint32_t>(bounded("depth", given.depth, 1, 1024));
  if (found.count("rate") != 0) plan.rate = bounded("rate", given.rate, 0.1, 1e7, false);
  plan.seconds = bounded("seconds", given.seconds, 0.1, 86'400, false);
  plan.keys = static_cast<uint64_t>(bounded("keys", given.keys, 1, 1e9));
  // The first eight bytes of a value say whose it is.
  plan.value_bytes = static_cast<std::size_t>(bounded("value", given.value, 8, 64 << 20));
  options.rounds = static_cast<int>(bounded("rounds", given.rounds, 1, 1000));
  options.is_loaded = found.count("loaded") != 0;
  options.json_file = given.json_file;
  return options;
}

void print_server_help(std::ostream& out) {
  Given given;
  out << description(given);
}

}  // namespace kvbench
