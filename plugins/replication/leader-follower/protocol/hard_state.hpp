// What a node must remember beside its log; durable before any reply that rests on it.
//
// Threads:   values.
// Errors:    decode(): CORRUPTION, or FORMAT_UNSUPPORTED for another version.
// Format:    docs/protocols/replication.md, "What a node remembers".
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "kvhost/result.hpp"
#include "protocol/members.hpp"
#include "protocol/position.hpp"

namespace kvhost::leader_follower {

// Where a log begins: the state machine holds everything up to `position`.
struct LogBase {
  LogPosition position;
  Members members;
  uint64_t now_ms = 0;
};

struct HardState {
  // The identity of this data directory. A node that comes back under its id with another one has
  // lost its data.
  uint64_t identity = 0;
  // The life of the cluster that this node belongs to; 0: of none yet.
  uint64_t incarnation = 0;
  Epoch promised;  // appends and grants of lower epochs are refused
  Epoch reign;     // the epoch that this node led, while it knows of no later leader
  LogBase base;
  // A checkpoint that is about to replace the state machine and the log.
  struct Install {
    uint64_t incarnation = 0;
    Epoch promised;
    LogBase base;
  };
  std::optional<Install> installing;
  std::map<NodeKey, uint64_t> known;  // identities of the other nodes

  std::string encode() const;
  static Result<HardState> decode(std::string_view bytes);
};

}  // namespace kvhost::leader_follower
