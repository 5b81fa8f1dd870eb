// One simulated node: a Replica with a disk that forgets what was not synced, and a state machine
// that holds what it flushed.
//
// Threads:   one.
// Lifetime:  the disk outlives crashes; everything else is made anew at a start.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "protocol/replica.hpp"

namespace kvhost::leader_follower::testing {

// A register machine: "k=v" puts, anything else does nothing.
struct SimData {
  std::map<std::string, std::string> values;
  LogPosition applied;
  uint64_t last_now_ms = 0;

  void apply(const Entry& entry);
  std::string digest() const;
};

struct SimDisk {
  std::string state;  // HardState, encoded; empty: none
  uint64_t first = 1;
  std::map<uint64_t, Entry> entries;
  SimData flushed;

  void carry_out(const JournalOp& op);
};

struct SimNode {
  std::string id;
  NodeKey key = 0;
  SimDisk disk;

  // What a crash takes.
  std::unique_ptr<Replica> replica;
  Actions gathered;  // by inputs that are not settled yet
  bool is_settling = false;
  SimData data;
  std::deque<JournalOp> pending;  // handed to the disk, not durable yet
  std::deque<Entry> to_apply;
  std::map<uint64_t, std::pair<Origin, uint64_t>> owners;  // by index: whose batch, which of it
  std::map<Origin, std::vector<std::string>> results;
  std::map<Origin, uint64_t> wanted;  // results that a proposal waits for
  std::optional<CheckpointOffer> installing;
  NodeKey install_from = 0;
  uint64_t install_sequence = 0;
  uint64_t life = 0;  // counts starts: what was scheduled for an earlier one is void
  bool is_paused = false;
  int64_t clock_shift_ms = 0;

  bool is_alive() const { return replica != nullptr; }
};

}  // namespace kvhost::leader_follower::testing
