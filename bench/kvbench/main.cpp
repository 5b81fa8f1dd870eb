// kvbench: kvhost's engine and its peers, side by side, in interleaved rounds.
//   kvbench [--only ROW,…] [--rounds N] [--full] [--keys N] [--dir DIRECTORY] [--json FILE]
//           [--peers NAME,…] [--lz4]
// The workers (kvbench_worker_*) stand beside this program. Every round runs ours and the peers'
// next to each other, the order turned from round to round; a ratio is that of one round, and what
// is shown is the median of the ratios with the interval of its bootstrap.
#include <algorithm>
#include <boost/json/src.hpp>
#include <boost/program_options.hpp>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <set>
#include <sstream>

#include "calibration.hpp"
#include "profile.hpp"
#include "sample_statistics.hpp"
#include "worker_process.hpp"

namespace fs = std::filesystem;
namespace json = boost::json;

namespace kvbench {
namespace {

struct Session {
  fs::path programs;
  fs::path directory;
  std::vector<std::string> engines;  // "kvhost" first
  int rounds = 5;
  bool lz4 = false;
  bool has_failed = false;
};

using Samples = std::map<std::string, std::vector<json::object>>;  // by engine

std::vector<std::string> split(const std::string& list) {
  std::vector<std::string> words;
  std::stringstream stream(list);
  for (std::string word; std::getline(stream, word, ',');) words.push_back(word);
  return words;
}

std::vector<std::string> command(const Session& session, const Row& row, const std::string& engine,
                                 const char* verb, const fs::path& directory, int round) {
  return {(session.programs / ("kvbench_worker_" + engine)).string(),
          verb,
          row.workload,
          directory.string(),
          "keys=" + std::to_string(row.keys),
          "value=" + std::to_string(row.value_bytes),
          "threads=" + std::to_string(row.threads),
          "operations=" + std::to_string(row.operations),
          "sync=" + std::to_string(row.sync ? 1 : 0),
          "cache_mb=" + std::to_string(row.cache_mb),
          "lz4=" + std::to_string(session.lz4 ? 1 : 0),
          "seed=" + std::to_string(round + 1)};
}

bool is_fill(const Row& row) { return row.workload.rfind("fill", 0) == 0; }
// These change the data set: each round gets a copy of the loaded one.
bool changes_data(const Row& row) {
  static const std::set<std::string> changing = {
      "overwrite", "overwritezipf", "deleterandom", "readwhilewriting", "ycsba", "ycsbb",
      "ycsbd",     "ycsbe",         "ycsbf"};
  return changing.count(row.workload) != 0;
}

// The loaded data set of an engine; made once for all rows of the same shape.
fs::path loaded(Session& session, const Row& row, const std::string& engine) {
  const fs::path made = session.directory / (engine + "-" + std::to_string(row.keys) + "-" +
                                             std::to_string(row.value_bytes));
  if (fs::exists(made)) return made;
  Row filling = row;
  filling.workload = "fillrandom";
  std::string output;
  std::cerr << "  loading " << made.filename().string() << "\n";
  if (!run_process(command(session, filling, engine, "load", made, 0), output)) {
    session.has_failed = true;
  }
  return made;
}

void run_once(Session& session, const Row& row, const std::string& engine, int round,
              Samples& samples) {
  fs::path directory = session.directory / "round";
  fs::remove_all(directory);
  if (!is_fill(row)) {
    const fs::path source = loaded(session, row, engine);
    if (changes_data(row)) {
      fs::copy(source, directory, fs::copy_options::recursive);
    } else {
      directory = source;
    }
  }
  std::string output;
  if (!run_process(command(session, row, engine, "run", directory, round), output)) {
    std::cerr << "  " << engine << " failed on " << row.name << "\n";
    session.has_failed = true;
    return;
  }
  samples[engine].push_back(json::parse(output).as_object());
}

double number(const json::object& sample, const char* name) {
  return json::value_to<double>(sample.at(name));
}

std::vector<double> column(const std::vector<json::object>& samples, const char* name) {
  std::vector<double> values;
  for (const auto& sample : samples) values.push_back(number(sample, name));
  return values;
}

json::object compare(const Row& row, const std::string& peer, const Samples& samples,
                     const Machine& machine) {
  const auto& ours = samples.at("kvhost");
  const auto& theirs = samples.at(peer);
  const auto ratio = ratio_interval(column(ours, "ops_per_s"), column(theirs, "ops_per_s"));
  const double limit = limit_ops_per_s(machine, row);
  const double speed = median(column(ours, "ops_per_s"));
  const auto both = [&](json::object& out, const char* name) {
    out[name] = median(column(ours, name));
    out[std::string("peer_") + name] = median(column(theirs, name));
  };
  json::object out{{"workload", row.name},
                   {"threads", row.threads},
                   {"keys", row.keys},
                   {"value_bytes", row.value_bytes},
                   {"engine", "kvhost"},
                   {"peer", peer},
                   {"rounds", ours.size()},
                   {"ratio", ratio.ratio},
                   {"ratio_lo", ratio.low},
                   {"ratio_hi", ratio.high},
                   {"limit_fraction", limit > 0 ? speed / limit : 0.0}};
  for (const char* name :
       {"ops_per_s", "p50_us", "p99_us", "p999_us", "longest_stall_ms", "cpu_us_per_op",
        "peak_memory_bytes", "written_per_user_byte", "table_bytes"}) {
    both(out, name);
  }
  out["windows_100ms"] = ours.back().at("windows_100ms");
  out["peer_windows_100ms"] = theirs.back().at("windows_100ms");
  out["same_scan"] = ours.back().at("scan_hash") == theirs.back().at("scan_hash");
  return out;
}

void print_head() {
  std::printf("%-22s %-16s %12s %12s %7s %15s %6s %9s %9s %8s %8s\n", "row", "peer", "ops/s",
              "peer", "ratio", "interval", "limit", "p99.9 us", "stall ms", "cpu us", "RSS MB");
}

void print_row(const json::object& row) {
  std::printf("%-22s %-16s %12.0f %12.0f %7.2f [%5.2f – %5.2f] %5.0f%% %9.1f %9.1f %8.2f %8.0f%s\n",
              row.at("workload").as_string().c_str(), row.at("peer").as_string().c_str(),
              number(row, "ops_per_s"), number(row, "peer_ops_per_s"), number(row, "ratio"),
              number(row, "ratio_lo"), number(row, "ratio_hi"), number(row, "limit_fraction") * 100,
              number(row, "p999_us"), number(row, "longest_stall_ms"), number(row, "cpu_us_per_op"),
              number(row, "peak_memory_bytes") / 1e6,
              number(row, "ratio_lo") > 1.0 ? "" : "  not a win");
  std::fflush(stdout);
}

json::object to_json(const Machine& machine) {
  return {{"processor", machine.processor},
          {"dram_miss_ns", machine.dram_miss_ns},
          {"memory_bytes_per_s", machine.memory_bytes_per_s},
          {"small_write_ns", machine.small_write_ns},
          {"sync_us", machine.sync_us},
          {"device_bytes_per_s", machine.device_bytes_per_s}};
}

int measure(Session& session, const std::vector<Row>& rows, const std::string& json_file) {
  const Machine machine = calibrate(session.directory.string());
  std::printf(
      "machine: %s; DRAM miss %.0f ns, memory %.1f GB/s, 130 B write %.0f ns, fdatasync %.0f µs, "
      "device %.2f GB/s\n\n",
      machine.processor.c_str(), machine.dram_miss_ns, machine.memory_bytes_per_s / 1e9,
      machine.small_write_ns, machine.sync_us, machine.device_bytes_per_s / 1e9);
  print_head();
  json::array results;
  for (const auto& row : rows) {
    Samples samples;
    for (int round = 0; round < session.rounds; ++round) {
      auto order = session.engines;
      if (round % 2 == 1) std::reverse(order.begin(), order.end());
      for (const auto& engine : order) run_once(session, row, engine, round, samples);
    }
    for (const auto& engine : session.engines) {
      if (engine == "kvhost" || samples[engine].empty() || samples["kvhost"].empty()) continue;
      results.push_back(compare(row, engine, samples, machine));
      print_row(results.back().as_object());
    }
  }
  if (!json_file.empty()) {
    std::ofstream(json_file) << json::serialize(
        json::object{{"machine", to_json(machine)}, {"rows", results}});
  }
  return session.has_failed ? 1 : 0;
}

int main_of_kvbench(int argc, char** argv) {
  namespace po = boost::program_options;
  po::options_description known("kvbench");
  std::string only, peers, json_file, directory = "kvbench-data";
  uint64_t keys = 0;
  Session session;
  known.add_options()("help", "this text")("only", po::value(&only),
                                           "rows by name, comma separated")(
      "rounds", po::value(&session.rounds), "interleaved rounds (5)")(
      "full", "10 M keys, more values and threads")("keys", po::value(&keys), "keys of every row")(
      "dir", po::value(&directory), "where databases are made (./kvbench-data)")(
      "peers", po::value(&peers), "engines to compare with")("lz4", "compress everywhere")(
      "json", po::value(&json_file), "write the result there");
  po::variables_map given;
  try {
    po::store(po::parse_command_line(argc, argv, known), given);
    po::notify(given);
  } catch (const po::error& error) {
    std::cerr << "kvbench: " << error.what() << "\n" << known;
    return 64;
  }
  if (given.count("help") != 0) {
    std::cout << known;
    return 0;
  }
  session.programs = fs::canonical("/proc/self/exe").parent_path();
  session.directory = directory;
  session.lz4 = given.count("lz4") != 0;
  fs::create_directories(session.directory);
  session.engines = {"kvhost"};
  for (const auto& peer :
       peers.empty()
           ? std::vector<std::string>{"rocksdb_release", "rocksdb_debian", "leveldb_debian"}
           : split(peers)) {
    if (fs::exists(session.programs / ("kvbench_worker_" + peer))) session.engines.push_back(peer);
  }
  if (session.engines.size() == 1) {
    std::cerr << "kvbench: no peer was built; install librocksdb-dev or give KVBENCH_ROCKSDB\n";
    return 1;
  }
  std::vector<Row> rows;
  const auto wanted = split(only);
  for (Row row : given.count("full") != 0 ? full_profile() : quick_profile()) {
    if (!wanted.empty() && std::find(wanted.begin(), wanted.end(), row.name) == wanted.end())
      continue;
    if (keys != 0) row.keys = keys;
    rows.push_back(row);
  }
  const int code = measure(session, rows, json_file);
  fs::remove_all(session.directory);
  return code;
}

}  // namespace
}  // namespace kvbench

int main(int argc, char** argv) { return kvbench::main_of_kvbench(argc, argv); }
