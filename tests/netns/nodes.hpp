// The nodes of one cluster, each in its namespace of a Network.
//
// Threads:   start, kill, signal and promote by one thread; the rest by any.
// Lifetime:  the destructor kills what still runs and removes the data.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "host/node_process.hpp"
#include "kvhost/client/client.hpp"
#include "network.hpp"
#include "slow_disk.hpp"
#include "support/temporary_directory.hpp"

namespace kvhost::testing {

class Nodes {
 public:
  // `options`: lines of [replication.options].
  Nodes(Network& network, int count, std::string strategy, const std::string& options);
  ~Nodes() { processes_.clear(); }
  Nodes(const Nodes&) = delete;
  Nodes& operator=(const Nodes&) = delete;

  int count() const { return count_; }
  const std::string& strategy() const { return strategy_; }
  static std::string name(int node) { return "node" + std::to_string(node + 1); }
  std::string http_host(int node) const { return network_.address(node); }
  static constexpr uint16_t kHttpPort = 8080;

  void start(int node);
  void kill(int node);
  void signal(int node, int number);
  // Every sync of the node's takes this much longer, until quick_disks(). False: not to be had.
  bool slow_disk(int node, std::chrono::milliseconds by);
  void quick_disks() { slow_disks_.clear(); }
  // How far the node's wall clock is off, now and in its later lives. False: not to be had.
  bool shift_clock(int node, std::chrono::milliseconds by);
  bool runs(int node) const { return processes_.contains(node); }

  std::optional<client::Client> connect(int node, std::chrono::milliseconds patience) const;
  // The node that says it leads; nobody when no one does.
  std::optional<int> leader() const;
  // An administrator's command at a node; its answer or error.
  std::string command(int node, const std::string& name, const std::string& arguments) const;
  // `kvctl cluster check` over all nodes: its exit code and words.
  host::testing::Finished check();
  // The ends of all logs.
  std::string logs() const;

 private:
  std::string clock_file(int node) const { return directory_of(node) + "/clock"; }
  std::string directory_of(int node) const { return directory_.path() + "/" + name(node); }

  Network& network_;
  const int count_;
  const std::string strategy_;
  engine::testing::TemporaryDirectory directory_;
  std::map<int, std::unique_ptr<host::testing::NodeProcess>> processes_;
  std::map<int, std::string> earlier_logs_;
  std::vector<std::unique_ptr<SlowDisk>> slow_disks_;
};

}  // namespace kvhost::testing
