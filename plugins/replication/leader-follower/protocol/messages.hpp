// What nodes say to each other.
//
// Threads:   values; entries share their payloads.
// Format:    docs/protocols/replication.md; wire/message_codec.hpp
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "kvhost/result.hpp"
#include "protocol/entry.hpp"
#include "protocol/members.hpp"
#include "protocol/position.hpp"

namespace kvhost::leader_follower {

// Leader → follower: the entries after `prev`, and how far all is committed. Without entries it is
// a heartbeat or a question whether `prev` is there.
struct Append {
  Epoch epoch;
  LogPosition prev;
  uint64_t commit = 0;
  uint64_t sent_ns = 0;  // the leader's clock; comes back in the reply
  std::vector<Entry> entries;
};

struct AppendReply {
  Epoch epoch;     // of the append
  Epoch promised;  // of the follower
  Epoch accepted;  // the newest leader that the follower has followed
  bool is_accepted = false;
  // Accepted: everything up to here is as the leader has it, and durable. Else: ask again from
  // here.
  uint64_t match = 0;
  uint64_t applied = 0;
  uint64_t sent_ns = 0;
};

// Candidate → all: promise to refuse lower epochs. `resume_of` is set by the last leader that takes
// its office up again: whoever has followed a later one refuses.
struct GrantAsk {
  Epoch epoch;
  Epoch resume_of;
};

struct GrantReply {
  Epoch epoch;
  bool is_granted = false;
  Epoch promised;
  Epoch accepted;
  LogPosition last;  // durable
  uint64_t base_index = 0;
  std::string reason;  // of a refusal
};

// Candidate → the most advanced node that granted: your entries after `prev`.
struct FetchAsk {
  Epoch epoch;
  LogPosition prev;
};

struct FetchReply {
  Epoch epoch;
  LogPosition prev;
  bool is_there = false;  // `prev` is in the log
  uint64_t hint = 0;      // else: ask from here
  uint64_t base_index = 0;
  LogPosition last;
  std::vector<Entry> entries;
};

// Leader → followers, for linearizable reads: how far is your log durable?
struct PositionAsk {
  Epoch epoch;
  uint64_t round = 0;
};

struct PositionReply {
  uint64_t round = 0;
  Epoch promised;
  LogPosition durable;
};

enum class ForwardKind : uint8_t { kPropose = 0, kBarrier = 1, kCommand = 2 };

// Follower → leader (a command: to the node that it is for). Carried out at most once.
struct Forward {
  uint64_t request = 0;
  ForwardKind kind = ForwardKind::kPropose;
  uint32_t read_level = 0;
  uint64_t timeout_ns = 0;
  std::string name;                   // of a command
  std::vector<DraftPayload> batches;  // of a proposal; of a command its arguments
};

struct ForwardReply {
  uint64_t request = 0;
  Status status;
  std::vector<std::string> outcomes;  // of a proposal, encode_outcome(); of a command its answer
  uint64_t index = 0;                 // of a barrier
  uint64_t now_ms = 0;
};

// Leader → the follower that shall lead: everything is yours, have yourself promoted.
struct TakeOver {
  Epoch epoch;
};

// A checkpoint on its way; sender and receiver are CheckpointSender and CheckpointReceiver.
struct CheckpointOffer {
  Epoch epoch;
  uint64_t transfer = 0;
  uint64_t incarnation = 0;
  LogPosition position;
  uint64_t now_ms = 0;
  Members members;
  std::string manifest;
};

// Receiver → sender: that part of a file of the manifest.
struct CheckpointAsk {
  uint64_t transfer = 0;
  std::string file;
  uint64_t offset = 0;
  uint32_t max_bytes = 0;
};

struct CheckpointChunk {
  uint64_t transfer = 0;
  std::string file;
  uint64_t offset = 0;
  uint32_t checksum = 0;
  std::string bytes;
};

// Receiver → sender: installed, or given up with words.
struct CheckpointEnd {
  uint64_t transfer = 0;
  Status status;
};

using Message = std::variant<Append, AppendReply, GrantAsk, GrantReply, FetchAsk, FetchReply,
                             PositionAsk, PositionReply, Forward, ForwardReply, TakeOver,
                             CheckpointOffer, CheckpointAsk, CheckpointChunk, CheckpointEnd>;

}  // namespace kvhost::leader_follower
