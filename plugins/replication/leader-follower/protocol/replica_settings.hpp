// What a Replica is told once, and what it finds at its start.
//
// Threads:   values.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "protocol/entry.hpp"
#include "protocol/hard_state.hpp"
#include "protocol/members.hpp"

namespace kvhost::leader_follower {

struct ReplicaSettings {
  std::string node_id;
  Members members;  // as the file lists them, this node included
  bool is_first_leader = false;
  bool forwards = true;
  bool can_checkpoint = true;

  Nanos heartbeat = 100 * kMillisecond;
  // A peer that was silent for so long does not count as reachable.
  Nanos peer_timeout = 2 * kSecond;
  // What was sent and not answered for so long is sent again.
  Nanos resend_after = 2 * kSecond;
  // The last leader waits so long for a successor that was promised something, then resumes.
  Nanos resume_delay = 1 * kSecond;
  // Requests wait so long for a leader before they are refused.
  Nanos hold_limit = 1 * kSecond;
  Nanos tick_interval = 10 * kSecond;
  Nanos promotion_timeout = 10 * kSecond;

  uint64_t max_append_bytes = uint64_t{1} << 20;
  uint64_t window_bytes = uint64_t{16} << 20;
  uint64_t max_waiting_bytes = uint64_t{256} << 20;  // ordered and not applied
  uint64_t memory_bytes = uint64_t{64} << 20;        // of entries kept for followers
  uint64_t retain_min_bytes = uint64_t{64} << 20;
  uint64_t retain_max_bytes = uint64_t{1} << 30;

  // The stamp for what this node orders.
  std::function<uint64_t()> now_ms;
  uint64_t seed = 1;
};

struct Recovered {
  HardState state;
  std::vector<Entry> entries;  // from the base on
  uint64_t applied = 0;
};

// What a peer says of itself when a link is made.
struct PeerHello {
  std::string id;
  uint64_t identity = 0;
  uint64_t incarnation = 0;  // 0: it belongs to no cluster yet
  std::string advertise;     // where clients reach it
  NodeKey key() const { return node_key(id); }
};

}  // namespace kvhost::leader_follower
