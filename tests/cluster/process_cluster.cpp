#include "process_cluster.hpp"

#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <set>
#include <thread>

namespace kvhost::testing {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Clock = std::chrono::steady_clock;

bool eventually(const std::function<bool()>& is) {
  const auto end = Clock::now() + seconds(60);
  while (!is()) {
    if (Clock::now() > end) return false;
    std::this_thread::sleep_for(milliseconds(20));
  }
  return true;
}

std::string member_of(const std::string& json, const std::string& key) {
  const std::string name = "\"" + key + "\":";
  auto at = json.find(name);
  if (at == std::string::npos) return {};
  at += name.size();
  if (json[at] == '"') return json.substr(at + 1, json.find('"', at + 1) - at - 1);
  return json.substr(at, json.find_first_of(",}]", at) - at);
}

ProcessCluster::ProcessCluster(int nodes, std::string options) : options_(std::move(options)) {
  // A corner of 127.0.0.0/8 for each cluster of each process, away from those of other suites.
  static std::atomic<int> counter{0};
  const auto pid = static_cast<unsigned>(getpid());
  network_ = "127." + std::to_string(144 + (pid >> 8) % 64) + "." + std::to_string(pid & 0xff) +
             "." + std::to_string(1 + counter.fetch_add(1) % 24);
  for (int i = 1; i <= nodes; ++i) names_.push_back("node" + std::to_string(i));
  for (const auto& name : names_) write_config(name);
}

std::string ProcessCluster::add_node() {
  names_.push_back("node" + std::to_string(names_.size() + 1));
  write_config(names_.back());
  return names_.back();
}

void ProcessCluster::write_config(const std::string& name, const std::string& more,
                                  const std::string& cluster_id, const std::string& node_id) {
  std::filesystem::create_directories(directory_of(name));
  std::string peers;
  for (const auto& other : names_) {
    if (other == name || other == node_id) continue;
    peers += (peers.empty() ? "" : ", ") + ("{ id = \"" + other) + "\", address = \"" +
             peer_address(other) + "\" }";
  }
  std::ofstream(directory_of(name) + "/node.toml")
      << "[node]\nid = \"" << (node_id.empty() ? name : node_id)
      << "\"\ndata_dir = \"./data\"\n[engine]\nmemory = \"32MiB\"\nmemtable_size = \"1MiB\"\n"
      << "[replication]\nplugin = \"leader-follower\"\n[replication.options]\ncluster_id = \""
      << cluster_id << "\"\nlisten = \"" << peer_address(name) << "\"\nadvertise = \"http://"
      << name << ".example\"\nleader = \"node1\"\npeers = [ " << peers << " ]\n"
      << options_ << more << "[[transport]]\nplugin = \"tcp\"\n[transport.options]\nlisten = \""
      << tcp_address(name) << "\"\n[metrics]\nplugin = \"none\"\n";
}

void ProcessCluster::start(const std::string& name) {
  auto process = std::make_unique<host::testing::NodeProcess>(
      directory_of(name), std::vector<std::string>{"--config", "node.toml"});
  const bool is_ready = process->prints("ready\n") || process->prints("ready\n");
  INFO(process->err());
  REQUIRE(is_ready);
  processes_[name] = std::move(process);
}

void ProcessCluster::start_all() {
  for (const auto& name : names_) start(name);
  for (const auto& name : names_) REQUIRE(takes_writes(name));
}

void ProcessCluster::kill(const std::string& name) {
  signal(name, SIGKILL);
  (void)processes_.at(name)->wait();
  processes_.erase(name);
}

void ProcessCluster::signal(const std::string& name, int number) {
  processes_.at(name)->send(number);
}

int ProcessCluster::stop(const std::string& name) {
  signal(name, SIGTERM);
  const auto finished = processes_.at(name)->wait();
  processes_.erase(name);
  return finished.exit_code;
}

host::testing::Finished ProcessCluster::run(const std::string& name) {
  return host::testing::run_kvhost(directory_of(name), {"--config", "node.toml"});
}

void ProcessCluster::wipe(const std::string& name) {
  std::filesystem::remove_all(directory_of(name) + "/data");
}

std::string ProcessCluster::log(const std::string& name) const {
  const auto found = processes_.find(name);
  return found == processes_.end() ? "" : found->second->err();
}

bool ProcessCluster::logs(const std::string& name, const std::string& words) {
  const bool does = eventually([&] { return log(name).find(words) != std::string::npos; });
  if (!does) UNSCOPED_INFO(log(name));
  return does;
}

std::optional<client::Client> ProcessCluster::connect(const std::string& name,
                                                      milliseconds patience) const {
  client::ClientOptions options;
  options.endpoints = {tcp_address(name)};
  options.request_timeout = patience;
  auto client = client::Client::connect(options);
  if (!client) return std::nullopt;
  return std::move(*client);
}

void ProcessCluster::put(const std::string& name, const std::string& key,
                         const std::string& value) {
  std::string last = "no connection";
  const bool is_done = eventually([&] {
    auto client = connect(name);
    if (!client) return false;
    const auto version = client->put(key, value);
    if (!version) last = version.error().to_string();
    return static_cast<bool>(version);
  });
  INFO("put " << key << " at " << name << ": " << last << "\n" << log(name));
  REQUIRE(is_done);
}

std::string ProcessCluster::get(const std::string& name, const std::string& key) {
  std::string value = "(no answer)";
  const bool is_done = eventually([&] {
    auto client = connect(name);
    if (!client) return false;
    const auto entry = client->get(key);
    if (!entry) return false;
    value = *entry ? (*entry)->value : "(absent)";
    return true;
  });
  INFO("get " << key << " at " << name << "\n" << log(name));
  REQUIRE(is_done);
  return value;
}

bool ProcessCluster::takes_writes(const std::string& name) {
  std::string last = "no connection";
  const bool does = eventually([&] {
    auto client = connect(name);
    if (!client) return false;
    const auto version = client->put("probe", name);
    if (!version) last = version.error().to_string();
    return static_cast<bool>(version);
  });
  if (!does) {
    UNSCOPED_INFO(name << " takes no writes: " << last);
    for (const auto& [each, process] : processes_) UNSCOPED_INFO(each << ":\n" << process->err());
  }
  return does;
}

std::string ProcessCluster::command(const std::string& name, const std::string& command,
                                    const std::string& arguments) {
  auto client = connect(name, seconds(30));
  if (!client) return "no connection";
  const auto answer = client->command("cluster-" + command, arguments);
  return answer ? *answer : answer.error().to_string();
}

std::string ProcessCluster::status(const std::string& name) {
  auto client = connect(name);
  if (!client) return {};
  const auto text = client->info("status");
  const auto at = text ? text->find("\"status\":{") : std::string::npos;
  return at == std::string::npos ? std::string() : text->substr(at);
}

bool ProcessCluster::digests_agree() {
  std::string last;
  const bool agree = eventually([&] {
    last.clear();
    // The same index everywhere: the newest that the first one has.
    const std::string index = member_of(status(processes_.begin()->first), "applied_index");
    if (index.empty()) return false;
    std::set<std::string> digests;
    for (const auto& [name, process] : processes_) {
      const std::string answer =
          command(name, "digest", "{\"index\":" + index + ",\"now_ms\":1}");
      last += name + ": " + answer + "\n";
      digests.insert(member_of(answer, "digest"));
    }
    return digests.size() == 1 && !digests.begin()->empty();
  });
  if (!agree) UNSCOPED_INFO(last);
  return agree;
}

}  // namespace kvhost::testing
