#include "nodes.hpp"

#include <signal.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

namespace kvhost::testing {
namespace {

using std::chrono::milliseconds;
constexpr std::size_t kTailBytes = 6000;

std::string tail(const std::string& text) {
  return text.size() <= kTailBytes ? text : text.substr(text.size() - kTailBytes);
}

}  // namespace

Nodes::Nodes(Network& network, int count, std::string strategy, const std::string& options)
    : network_(network), count_(count), strategy_(std::move(strategy)) {
  for (int node = 0; node < count; ++node) {
    std::filesystem::create_directories(directory_of(node));
    (void)shift_clock(node, milliseconds(0));
    std::string peers;
    for (int other = 0; other < count; ++other) {
      if (other == node) continue;
      peers += (peers.empty() ? "" : ", ") + ("{ id = \"" + name(other)) + "\", address = \"" +
               network_.address(other) + ":7400\" }";
    }
    std::ofstream(directory_of(node) + "/node.toml")
        << "[node]\nid = \"" << name(node) << "\"\ndata_dir = \"./data\"\n"
        << "[security]\nallow_insecure = true\n"
        << "[engine]\nmemory = \"32MiB\"\nmemtable_size = \"1MiB\"\n"
        << "[replication]\nplugin = \"" << strategy_ << "\"\n[replication.options]\n"
        << "cluster_id = \"test\"\nlisten = \"" << network_.address(node) << ":7400\"\npeers = [ "
        << peers << " ]\n"
        << options << "[[transport]]\nplugin = \"tcp\"\n[transport.options]\nlisten = \""
        << network_.address(node) << ":9090\"\n"
        << "[[transport]]\nplugin = \"http\"\n[transport.options]\nlisten = \""
        << network_.address(node) << ":" << kHttpPort << "\"\n[metrics]\nplugin = \"none\"\n";
  }
}

void Nodes::start(int node) {
  auto before = network_.inside(node);
#ifdef KVHOST_SHIFTED_CLOCK
  before.insert(before.end(), {"env", "LD_PRELOAD=" KVHOST_SHIFTED_CLOCK,
                               "KVHOST_CLOCK_SHIFT=" + clock_file(node)});
#endif
  auto process = std::make_unique<host::testing::NodeProcess>(
      directory_of(node), std::vector<std::string>{"--config", "node.toml"}, before);
  const bool is_ready = process->prints("ready\n") || process->prints("ready\n");
  INFO(name(node) << ": " << process->err());
  REQUIRE(is_ready);
  processes_[node] = std::move(process);
}

void Nodes::kill(int node) {
  signal(node, SIGKILL);
  (void)processes_.at(node)->wait();
  earlier_logs_[node] = tail(processes_.at(node)->err());
  processes_.erase(node);
}

void Nodes::signal(int node, int number) { processes_.at(node)->send(number); }

bool Nodes::slow_disk(int node, milliseconds by) {
  if (!SlowDisk::is_to_be_had() || !runs(node)) return false;
  slow_disks_.push_back(std::make_unique<SlowDisk>(processes_.at(node)->id(), by));
  return true;
}

bool Nodes::shift_clock(int node, milliseconds by) {
#ifdef KVHOST_SHIFTED_CLOCK
  const int64_t shift = by.count();
  std::fstream file(clock_file(node), std::ios::in | std::ios::out | std::ios::binary);
  if (!file) file.open(clock_file(node), std::ios::out | std::ios::binary);
  file.write(reinterpret_cast<const char*>(&shift), sizeof(shift));
  return static_cast<bool>(file);
#else
  (void)node;
  (void)by;
  return false;
#endif
}

std::optional<client::Client> Nodes::connect(int node, milliseconds patience) const {
  client::ClientOptions options;
  options.endpoints = {network_.address(node) + ":9090"};
  options.connect_timeout = std::min(patience, milliseconds(1000));
  options.request_timeout = patience;
  auto client = client::Client::connect(options);
  if (!client) return std::nullopt;
  return std::move(*client);
}

std::optional<int> Nodes::leader() const {
  for (int node = 0; node < count_; ++node) {
    auto client = connect(node, milliseconds(300));
    if (!client) continue;
    const auto text = client->info("status");
    const auto at = text ? text->find("\"status\":{") : std::string::npos;
    if (at != std::string::npos &&
        text->find("\"role\":\"leader\"", at) < text->find("\"peers\"", at)) {
      return node;
    }
  }
  return std::nullopt;
}

std::string Nodes::command(int node, const std::string& command,
                           const std::string& arguments) const {
  auto client = connect(node, milliseconds(4000));
  if (!client) return "no connection";
  const auto answer = client->command("cluster-" + command, arguments);
  return answer ? *answer : answer.error().to_string();
}

host::testing::Finished Nodes::check() {
  std::string endpoints;
  for (int node = 0; node < count_; ++node) {
    endpoints += (node == 0 ? "" : ",") + network_.address(node) + ":9090";
  }
  return host::testing::NodeProcess(
             directory_.path(), {"--endpoint", endpoints, "--timeout", "20s", "cluster", "check"},
             {}, "kvctl")
      .wait();
}

std::string Nodes::logs() const {
  std::string all;
  for (int node = 0; node < count_; ++node) {
    all += name(node) + ":\n";
    if (const auto earlier = earlier_logs_.find(node); earlier != earlier_logs_.end()) {
      all += earlier->second + "--- killed\n";
    }
    if (runs(node)) all += tail(processes_.at(node)->err());
  }
  return all;
}

}  // namespace kvhost::testing
