// What the protocol wants done: the outputs of Replica, carried out by the node (or a simulation).
//
// Threads:   values.
// Order:     journal operations are carried out in order of their sequence; sends in order.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kvhost/result.hpp"
#include "protocol/messages.hpp"

namespace kvhost::leader_follower {

struct JournalOp {
  enum class Kind : uint8_t {
    kAppend,          // entries
    kTruncateAfter,   // index
    kTruncateBefore,  // index: the first that stays
    kReset,           // everything goes; the next entry is index + 1
    kPutState,        // state
  };
  Kind kind = Kind::kAppend;
  uint64_t sequence = 0;
  std::vector<Entry> entries;
  uint64_t index = 0;
  std::string state;
};

struct Send {
  NodeKey to = 0;
  Message message;
};

// Read entries from the journal; answered by Replica::log_read() with the same ticket.
struct LogRead {
  uint64_t ticket = 0;
  uint64_t from = 0;
  uint64_t to = 0;  // inclusive
  uint64_t max_bytes = 0;
};

// Who asked: this node (peer 0) or another one that forwarded.
struct Origin {
  NodeKey peer = 0;
  uint64_t request = 0;
  auto operator<=>(const Origin&) const = default;
};

// A proposal's batches have the indexes from `first` on.
struct Accepted {
  Origin origin;
  uint64_t first = 0;
  uint64_t count = 0;
};

// The end of a proposal, barrier or command, other than by apply.
struct Answer {
  Origin origin;
  ForwardKind kind = ForwardKind::kPropose;
  Status status;
  uint64_t index = 0;                 // of a granted barrier
  uint64_t now_ms = 0;                // 0: the node's own
  std::vector<std::string> outcomes;  // from the leader
};

struct Actions {
  std::vector<JournalOp> journal;
  std::vector<Send> sends;
  std::vector<LogRead> reads;
  std::vector<Entry> applies;  // follow each other
  std::vector<Accepted> accepted;
  std::vector<Answer> answers;
  // What earlier Actions accepted from this index on and is not applied has an unknown outcome.
  // Comes before `accepted`.
  std::optional<uint64_t> disown_from;
  // Peers that need a checkpoint.
  std::vector<NodeKey> checkpoints;
  bool role_changed = false;
  bool members_changed = false;
  // The incarnation is another one: links must greet each other anew.
  bool greet_anew = false;
  // The node cannot go on.
  Status failure;
  std::vector<std::string> log;

  bool empty() const {
    return journal.empty() && sends.empty() && reads.empty() && applies.empty() &&
           accepted.empty() && answers.empty() && !disown_from && checkpoints.empty() &&
           !role_changed && !members_changed && !greet_anew && failure.is_ok() && log.empty();
  }
};

}  // namespace kvhost::leader_follower
