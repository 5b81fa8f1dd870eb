// Harms a cluster in ways drawn from a seed, one after the other and sometimes two at once, and
// mends it again.
//
// Threads:   one.
#pragma once

#include <chrono>
#include <map>
#include <random>
#include <set>
#include <string>

#include "network.hpp"
#include "nodes.hpp"

namespace kvhost::testing {

class Faults {
 public:
  Faults(Network& network, Nodes& nodes, uint64_t seed)
      : network_(network), nodes_(nodes), random_(seed) {}

  void run_for(std::chrono::seconds length);
  // Everything runs, and everybody hears everybody.
  void mend();
  // By name, how often.
  const std::map<std::string, int>& counts() const { return counts_; }

 private:
  void harm();
  void isolate(int node, bool in, bool out);
  void split();
  void bridge();
  void pause(int node);
  void kill(int node);
  void jump_clock(int node);
  void move_leader(int away_from);
  int any() { return static_cast<int>(random_() % static_cast<uint64_t>(nodes_.count())); }
  int leader_or_any();
  int other_than(int node);
  void note(const std::string& name) { ++counts_[name]; }
  void wait(int at_least_ms, int at_most_ms);

  Network& network_;
  Nodes& nodes_;
  std::mt19937_64 random_;
  std::set<int> paused_;
  std::map<std::string, int> counts_;
};

}  // namespace kvhost::testing
