// Clients that write and read through all nodes while things happen to these, and note what they
// were told. One of them counts: it repeats an increment under one request id until it is
// acknowledged.
//
//   Workload work(nodes, seed, 200);
//   work.start();  …  work.finish();   CHECK(work.verdict() == "");
//
// Threads:   one; the clients are its own.
// Lifetime:  the destructor ends the clients.
#pragma once

#include <atomic>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "nodes.hpp"
#include "support/linearizability.hpp"

namespace kvhost::testing {

class Workload {
 public:
  // `value_bytes`: what the values of keys that are written once are filled up to.
  Workload(Nodes& nodes, uint64_t seed, std::size_t value_bytes);
  ~Workload() { finish(); }
  Workload(const Workload&) = delete;
  Workload& operator=(const Workload&) = delete;

  void start();
  void finish();
  // After finish(): reads every key at every node, as a part of the history.
  void read_all();
  // What cannot be explained; empty when all can be.
  std::string verdict();

  std::size_t operations() const { return history_.size(); }
  std::size_t answered() const { return history_.ended(); }
  uint64_t increments() const { return increments_; }

 private:
  void run_tcp(int home, uint64_t seed);
  void run_http(int home, uint64_t seed);
  void run_counter(uint64_t seed);
  std::string pick_key(std::mt19937_64& random, bool is_write);
  std::string pick_value(const std::string& key, int client, uint64_t number) const;
  History::Id begin(bool is_write, const std::string& key, std::optional<std::string> value);
  void end_write(History::Id id, const Status& status);
  void end_read(History::Id id, std::optional<std::string> value);
  static uint64_t now();

  Nodes& nodes_;
  const uint64_t seed_;
  const std::size_t value_bytes_;
  std::vector<std::thread> clients_;
  std::atomic<bool> is_over_{false};
  std::atomic<int> next_client_{0};
  uint64_t begun_ = 0;
  std::mutex mutex_;
  History history_;                // guarded by mutex_
  std::vector<std::string> keys_;  // written, guarded by mutex_
  std::atomic<uint64_t> increments_{0};
  std::string counter_failure_;
};

}  // namespace kvhost::testing
