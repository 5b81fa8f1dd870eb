// kvbench: kvhost's engine and its peers, side by side, in interleaved rounds.
//   kvbench [--only ROW,…] [--rounds N] [--full] [--keys N] [--dir DIRECTORY] [--peers NAME,…]
//           [--lz4] [--json FILE] [--svg FILE] [--markdown FILE]
//   kvbench --merge FILE,… [--json FILE] [--svg FILE] [--markdown FILE]
//   kvbench server --endpoint URL,… […]     a load on running servers, see server/
// The workers (kvbench_worker_*) stand beside this program. Every round runs ours and the peers'
// next to each other, the order turned from round to round; a ratio is that of one round, and what
// is shown is the median of the ratios with the interval of its bootstrap.
#include <algorithm>
#include <boost/json.hpp>
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
#include "memory_group.hpp"
#include "plot.hpp"
#include "profile.hpp"
#include "report.hpp"
#include "server/server_main.hpp"
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

using EngineSamples = std::map<std::string, Samples>;

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
          "warm=" + std::to_string(row.memory_limit_mb == 0 ? 1 : 0),
          "seed=" + std::to_string(round + 1)};
}

bool is_fill(const Row& row) { return row.workload.rfind("fill", 0) == 0; }
// These change the data set: each round gets a copy of the loaded one.
bool changes_data(const Row& row) {
  static const std::set<std::string> changing = {
      "overwrite", "overwritezipf", "deleterandom", "scandeleted", "readwhilewriting",
      "ycsba",     "ycsbb",         "ycsbd",        "ycsbe",       "ycsbf"};
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

// Runs a worker under the row's memory limit, if it has one.
bool run_limited(const Row& row, const fs::path& directory,
                 const std::vector<std::string>& arguments, std::string& output) {
  if (row.memory_limit_mb == 0) return run_process(arguments, output);
  drop_from_page_cache(directory.string());
  const MemoryGroup group(row.memory_limit_mb << 20);
  setenv("KVBENCH_MEMORY_GROUP", group.path().c_str(), 1);
  const bool is_done = run_process(arguments, output);
  unsetenv("KVBENCH_MEMORY_GROUP");
  return is_done;
}

void run_once(Session& session, const Row& row, const std::string& engine, int round,
              EngineSamples& samples) {
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
  const auto arguments = command(session, row, engine, "run", directory, round);
  if (!run_limited(row, directory, arguments, output)) {
    std::cerr << "  " << engine << " failed on " << row.name << "\n";
    session.has_failed = true;
    return;
  }
  samples[engine].push_back(json::parse(output).as_object());
}

// Where results go, beside the terminal.
struct Outputs {
  std::string json_file, svg_file, markdown_file;

  void write(const json::object& result) const {
    if (!json_file.empty()) std::ofstream(json_file) << json::serialize(result) << "\n";
    if (!svg_file.empty()) std::ofstream(svg_file) << plot_svg(result);
    if (!markdown_file.empty()) {
      std::ofstream(markdown_file) << markdown_table(result.at("rows").as_array());
    }
  }
};

int merge(const std::vector<std::string>& files, const Outputs& outputs) {
  const json::object result = merge_files(files);
  print_head();
  for (const auto& row : result.at("rows").as_array()) print_row(row.as_object());
  outputs.write(result);
  return 0;
}

int measure(Session& session, const std::vector<Row>& rows, const Outputs& outputs) {
  const Machine machine = calibrate(session.directory.string());
  std::printf(
      "machine: %s; DRAM miss %.0f ns, memory %.1f GB/s, 130 B write %.0f ns, fdatasync %.0f µs, "
      "device %.2f GB/s\n\n",
      machine.processor.c_str(), machine.dram_miss_ns, machine.memory_bytes_per_s / 1e9,
      machine.small_write_ns, machine.sync_us, machine.device_bytes_per_s / 1e9);
  print_head();
  json::array results;
  for (const auto& row : rows) {
    EngineSamples samples;
    for (int round = 0; round < session.rounds; ++round) {
      auto order = session.engines;
      if (round % 2 == 1) std::reverse(order.begin(), order.end());
      for (const auto& engine : order) run_once(session, row, engine, round, samples);
    }
    for (const auto& engine : session.engines) {
      if (engine == "kvhost" || samples[engine].empty() || samples["kvhost"].empty()) continue;
      results.push_back(
          compare(row, peer_name(engine), samples["kvhost"], samples[engine], machine));
      print_row(results.back().as_object());
    }
  }
  outputs.write({{"machine", to_json(machine)}, {"rows", results}});
  return session.has_failed ? 1 : 0;
}

// "kvhost" and those of the peers asked for whose workers were built.
std::vector<std::string> engines(const fs::path& programs, const std::string& peers) {
  const auto is_built = [&](const std::string& peer) {
    return fs::exists(programs / ("kvbench_worker_" + peer));
  };
  std::vector<std::string> wanted = split(peers);
  if (peers == "all") wanted = {"rocksdb_release", "rocksdb_debian", "leveldb_debian"};
  if (peers.empty()) wanted = {is_built("rocksdb_release") ? "rocksdb_release" : "rocksdb_debian"};
  std::vector<std::string> found = {"kvhost"};
  for (std::string& peer : wanted) {
    std::replace(peer.begin(), peer.end(), '-', '_');
    if (is_built(peer)) found.push_back(peer);
  }
  return found;
}

int main_of_kvbench(int argc, char** argv) {
  namespace po = boost::program_options;
  po::options_description known("kvbench");
  std::string only, peers, merged, directory = "kvbench-data";
  Outputs outputs;
  uint64_t keys = 0;
  Session session;
  known.add_options()("help", "this text")("only", po::value(&only),
                                           "rows by name, comma separated")(
      "rounds", po::value(&session.rounds), "interleaved rounds (5)")(
      "full", "10 M keys, more values and threads")("keys", po::value(&keys), "keys of every row")(
      "dir", po::value(&directory), "where databases are made (./kvbench-data)")(
      "peers", po::value(&peers),
      "engines to compare with, or all (rocksdb_release; without it rocksdb_debian)")(
      "lz4", "compress everywhere")("json", po::value(&outputs.json_file),
                                    "write the result there")("svg", po::value(&outputs.svg_file),
                                                              "draw ratios and throughput there")(
      "markdown", po::value(&outputs.markdown_file), "write a table for a document there")(
      "merge", po::value(&merged), "measure nothing, put together the JSON of earlier runs");
  po::variables_map given;
  try {
    po::store(po::parse_command_line(argc, argv, known), given);
    po::notify(given);
  } catch (const po::error& error) {
    std::cerr << "kvbench: " << error.what() << "\n" << known;
    return 64;
  }
  if (given.count("help") != 0) {
    std::cout << known << "  kvbench server --help: a load on running servers instead\n";
    return 0;
  }
  if (!merged.empty()) return merge(split(merged), outputs);
  session.programs = fs::canonical("/proc/self/exe").parent_path();
  session.directory = directory;
  session.lz4 = given.count("lz4") != 0;
  fs::create_directories(session.directory);
  session.engines = engines(session.programs, peers);
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
  const int code = measure(session, rows, outputs);
  fs::remove_all(session.directory);
  return code;
}

}  // namespace
}  // namespace kvbench

int main(int argc, char** argv) {
  if (argc > 1 && std::string(argv[1]) == "server") {
    return kvbench::main_of_server({argv + 2, argv + argc});
  }
  try {
    return kvbench::main_of_kvbench(argc, argv);
  } catch (const std::exception& failure) {
    std::cerr << "kvbench: " << failure.what() << "\n";
    return 1;
  }
}
