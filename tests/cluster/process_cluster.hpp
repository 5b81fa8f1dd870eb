// Nodes of kvhost with the strategy leader-follower, as processes on loopback addresses of their
// own, so that several tests run beside each other.
//
// Threads:   one.
// Lifetime:  the destructor kills what still runs and removes the data.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "host/node_process.hpp"
#include "kvhost/client/client.hpp"
#include "support/temporary_directory.hpp"

namespace kvhost::testing {

// Waits until `is` holds, for a minute at most.
bool eventually(const std::function<bool()>& is);
// The member of a JSON text, wherever it stands first.
std::string member_of(const std::string& json, const std::string& key);

class ProcessCluster {
 public:
  // node1 … nodeN, written but not started. `options` are lines of [replication.options].
  explicit ProcessCluster(int nodes, std::string options = "");
  ~ProcessCluster() { processes_.clear(); }
  ProcessCluster(const ProcessCluster&) = delete;
  ProcessCluster& operator=(const ProcessCluster&) = delete;

  // Another node, which knows the others.
  std::string add_node();
  void write_config(const std::string& name, const std::string& more = "",
                    const std::string& cluster_id = "test", const std::string& node_id = "");
  void start(const std::string& name);
  // All of them, until every one takes writes.
  void start_all();
  void kill(const std::string& name);
  void signal(const std::string& name, int number);
  // SIGTERM; the exit code.
  int stop(const std::string& name);
  host::testing::Finished run(const std::string& name);
  void wipe(const std::string& name);
  std::string log(const std::string& name) const;
  std::string directory_of(const std::string& name) const { return directory_.path() + "/" + name; }
  const std::vector<std::string>& names() const { return names_; }
  std::string peer_address(const std::string& name) const { return address(name) + ":7400"; }
  std::string tcp_address(const std::string& name) const { return address(name) + ":7401"; }
  std::string address(const std::string& name) const { return network_ + name.substr(4); }

  std::optional<client::Client> connect(
      const std::string& name, std::chrono::milliseconds patience = std::chrono::seconds(5)) const;
  // Fail the test when it does not come to be within a minute.
  void put(const std::string& name, const std::string& key, const std::string& value);
  std::string get(const std::string& name, const std::string& key);
  bool takes_writes(const std::string& name);
  std::string command(const std::string& name, const std::string& command,
                      const std::string& arguments);
  std::string status(const std::string& name);
  bool logs(const std::string& name, const std::string& words);
  bool digests_agree();

 private:
  engine::testing::TemporaryDirectory directory_;
  std::string options_;
  std::string network_;
  std::vector<std::string> names_;
  std::map<std::string, std::unique_ptr<host::testing::NodeProcess>> processes_;
};

}  // namespace kvhost::testing
