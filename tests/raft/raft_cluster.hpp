// Nodes of kvhost with the strategy raft, as processes on loopback addresses of their own, so that
// several tests run beside each other.
//
// Threads:   one; clients may be used by others.
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

class RaftCluster {
 public:
  // node1 … nodeN, written but not started. `options` are lines of [replication.options],
  // `sections` more of the file.
  explicit RaftCluster(int nodes, std::string options = "", std::string sections = "");
  ~RaftCluster();
  RaftCluster(const RaftCluster&) = delete;
  RaftCluster& operator=(const RaftCluster&) = delete;

  // Another node, which knows the others.
  std::string add_node(const std::string& bootstrap);
  // For files written from now on.
  void set_options(std::string options) { options_ = std::move(options); }
  void write_config(const std::string& name, const std::string& bootstrap,
                    const std::string& cluster_id = "test");
  void start(const std::string& name);
  void start_all();
  void kill(const std::string& name);
  void signal(const std::string& name, int number);
  // SIGTERM; the exit code.
  int stop(const std::string& name);
  bool runs(const std::string& name) const { return processes_.contains(name); }
  // Starts a node that is expected to end by itself.
  host::testing::Finished run(const std::string& name);
  void wipe(const std::string& name);
  std::string data_dir(const std::string& name) const;
  std::string config_path(const std::string& name) const;
  std::string log(const std::string& name) const;

  const std::vector<std::string>& names() const { return names_; }
  std::string peer_address(const std::string& name) const;
  std::string tcp_address(const std::string& name) const;

  // A new connection to one node; none when it does not answer.
  std::optional<client::Client> connect(
      const std::string& name, std::chrono::milliseconds patience = std::chrono::seconds(5)) const;
  // Fails the test when it does not come to be within a minute.
  void put(const std::string& name, const std::string& key, const std::string& value);
  std::string get(const std::string& name, const std::string& key);
  bool takes_writes(const std::string& name);
  std::string command(const std::string& name, const std::string& command,
                      const std::string& arguments);
  // The strategy's status; empty when the node does not answer.
  std::string status(const std::string& name);
  // One that all reachable nodes would name; waits for it.
  std::string leader();
  std::string follower();
  // All these nodes give the same digest of their state.
  bool digests_agree(const std::vector<std::string>& names);

 private:
  std::string directory_of(const std::string& name) const;

  engine::testing::TemporaryDirectory directory_;
  std::string options_;
  std::string sections_;
  std::string network_;
  int first_host_ = 0;
  std::vector<std::string> names_;
  std::map<std::string, std::unique_ptr<host::testing::NodeProcess>> processes_;
};

// The member of a JSON object, as text without quotes; found by its first mention.
std::string member_of(const std::string& json, const std::string& key);

}  // namespace kvhost::testing
