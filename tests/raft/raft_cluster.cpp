#include "raft_cluster.hpp"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
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

RaftCluster::RaftCluster(int nodes, std::string options, std::string sections)
    : options_(std::move(options)), sections_(std::move(sections)) {
  // A corner of 127.0.0.0/8 for each cluster of each process.
  static std::atomic<int> counter{0};
  const auto pid = static_cast<unsigned>(getpid());
  network_ = "127." + std::to_string(16 + (pid >> 8) % 64) + "." + std::to_string(pid & 0xff) + ".";
  first_host_ = 1 + 10 * (counter.fetch_add(1) % 25);
  for (int i = 1; i <= nodes; ++i) names_.push_back("node" + std::to_string(i));
  for (const auto& name : names_) write_config(name, "new");
}

RaftCluster::~RaftCluster() { processes_.clear(); }

std::string RaftCluster::add_node(const std::string& bootstrap) {
  names_.push_back("node" + std::to_string(names_.size() + 1));
  write_config(names_.back(), bootstrap);
  return names_.back();
}

std::string RaftCluster::directory_of(const std::string& name) const {
  return directory_.path() + "/" + name;
}
std::string RaftCluster::data_dir(const std::string& name) const {
  return directory_of(name) + "/data";
}
std::string RaftCluster::config_path(const std::string& name) const {
  return directory_of(name) + "/node.toml";
}
std::string RaftCluster::peer_address(const std::string& name) const {
  return network_ + std::to_string(first_host_ + std::stoi(name.substr(4))) + ":7400";
}
std::string RaftCluster::tcp_address(const std::string& name) const {
  return network_ + std::to_string(first_host_ + std::stoi(name.substr(4))) + ":7401";
}

void RaftCluster::write_config(const std::string& name, const std::string& bootstrap,
                               const std::string& cluster_id) {
  std::filesystem::create_directories(directory_of(name));
  std::string peers;
  for (const auto& other : names_) {
    if (other == name) continue;
    peers += (peers.empty() ? "" : ", ") + ("{ id = \"" + other) + "\", address = \"" +
             peer_address(other) + "\" }";
  }
  std::ofstream(config_path(name))
      << "[node]\nid = \"" << name << "\"\ndata_dir = \"./data\"\nlog_level = \"debug\"\n"
      << "[engine]\nmemory = \"32MiB\"\nmemtable_size = \"1MiB\"\n"
      << "[replication]\nplugin = \"raft\"\n[replication.options]\ncluster_id = \"" << cluster_id
      << "\"\nlisten = \"" << peer_address(name) << "\"\nadvertise = \"http://" << name
      << ".example\"\npeers = [ " << peers << " ]\nbootstrap = \"" << bootstrap << "\"\n"
      << options_ << "[[transport]]\nplugin = \"tcp\"\n[transport.options]\nlisten = \""
      << tcp_address(name) << "\"\n[metrics]\nplugin = \"none\"\n"
      << sections_;
}

void RaftCluster::start(const std::string& name) {
  auto process = std::make_unique<host::testing::NodeProcess>(
      directory_of(name), std::vector<std::string>{"--config", "node.toml"});
  const bool is_ready = process->prints("ready\n") || process->prints("ready\n");
  INFO(process->err());
  REQUIRE(is_ready);
  processes_[name] = std::move(process);
}

void RaftCluster::start_all() {
  for (const auto& name : names_) start(name);
  for (const auto& name : names_) REQUIRE(takes_writes(name));
}

void RaftCluster::kill(const std::string& name) {
  signal(name, SIGKILL);
  (void)processes_.at(name)->wait();
  processes_.erase(name);
}

void RaftCluster::signal(const std::string& name, int number) { processes_.at(name)->send(number); }

int RaftCluster::stop(const std::string& name) {
  signal(name, SIGTERM);
  const auto finished = processes_.at(name)->wait();
  processes_.erase(name);
  UNSCOPED_INFO(
      finished.err.substr(finished.err.size() - std::min<std::size_t>(finished.err.size(), 3000)));
  return finished.exit_code;
}

host::testing::Finished RaftCluster::run(const std::string& name) {
  return host::testing::run_kvhost(directory_of(name), {"--config", "node.toml"});
}

void RaftCluster::wipe(const std::string& name) { std::filesystem::remove_all(data_dir(name)); }

std::string RaftCluster::log(const std::string& name) const {
  const auto found = processes_.find(name);
  return found == processes_.end() ? "" : found->second->err();
}

std::optional<client::Client> RaftCluster::connect(const std::string& name,
                                                   milliseconds patience) const {
  client::ClientOptions options;
  options.endpoints = {tcp_address(name)};
  options.request_timeout = patience;
  auto client = client::Client::connect(options);
  if (!client) return std::nullopt;
  return std::move(*client);
}

void RaftCluster::put(const std::string& name, const std::string& key, const std::string& value) {
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

std::string RaftCluster::get(const std::string& name, const std::string& key) {
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

bool RaftCluster::takes_writes(const std::string& name) {
  const bool does = eventually([&] {
    auto client = connect(name);
    return client && client->put("probe", name);
  });
  if (!does) UNSCOPED_INFO(name << " takes no writes:\n" << log(name));
  return does;
}

std::string RaftCluster::command(const std::string& name, const std::string& command,
                                 const std::string& arguments) {
  auto client = connect(name, seconds(30));
  if (!client) return "no connection";
  const auto answer = client->command("cluster-" + command, arguments);
  return answer ? *answer : answer.error().to_string();
}

std::string RaftCluster::status(const std::string& name) {
  auto client = connect(name);
  if (!client) return {};
  const auto text = client->info("status");
  // The strategy's own object stands inside the node's.
  const auto at = text ? text->find("\"status\":{") : std::string::npos;
  return at == std::string::npos ? std::string() : text->substr(at);
}

std::string RaftCluster::leader() {
  std::string leader;
  const bool is_found = eventually([&] {
    for (const auto& [name, process] : processes_) {
      const std::string text = status(name);
      if (member_of(text, "role") == "leader") {
        leader = name;
        return true;
      }
    }
    return false;
  });
  REQUIRE(is_found);
  return leader;
}

std::string RaftCluster::follower() {
  const std::string leading = leader();
  const auto found = std::find_if(names_.begin(), names_.end(), [&](const std::string& name) {
    return name != leading && runs(name);
  });
  REQUIRE(found != names_.end());
  return *found;
}

bool RaftCluster::digests_agree(const std::vector<std::string>& names) {
  std::string last;
  const bool agree = eventually([&] {
    last.clear();
    // The same index everywhere: the newest that the first one has.
    const std::string index = member_of(status(names.front()), "applied_index");
    if (index.empty()) return false;
    std::vector<std::string> digests;
    for (const auto& name : names) {
      const std::string answer = command(name, "digest", "{\"index\":" + index + ",\"now_ms\":1}");
      last += name + ": " + answer + "\n";
      digests.push_back(member_of(answer, "digest"));
    }
    return !digests.front().empty() &&
           std::all_of(digests.begin(), digests.end(),
                       [&](const std::string& digest) { return digest == digests.front(); });
  });
  if (!agree) UNSCOPED_INFO(last);
  return agree;
}

}  // namespace kvhost::testing
