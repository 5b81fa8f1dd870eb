// One node's side of the protocol: decides who leads, what is ordered, what is committed and when a
// read may be served. No sockets, no disk, no clock, no threads: inputs in, Actions out.
//
// Inputs change state and append to `out`; settle() then does what has become possible, once for
// any number of inputs.
//
// Threads:   one.
// Lifetime:  a value of its node's life; after a crash another one is made from what was durable.
// Errors:    Actions::failure: the node cannot go on (a journal that fails, a log that contradicts
//            what was committed).
//
// Invariants:
//   - No reply rests on what is not durable: a promise, an accepted append, a grant.
//   - An entry counts towards W only in its leader's own epoch, and on nodes that have it durable.
//   - What is applied is committed; it is never taken back.
//   - Whoever promised an epoch refuses appends and grants of lower ones.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "protocol/actions.hpp"
#include "protocol/log_tail.hpp"
#include "protocol/replica_settings.hpp"

namespace kvhost::leader_follower {

enum class Role : uint8_t { kFollower, kCandidate, kLeader };

// What the others know of a peer, and the leader of its progress.
struct Peer {
  PeerHello hello;
  bool is_up = false;
  bool is_usable = false;  // its identity is recorded: what it says counts
  Nanos last_heard = 0;
  Nanos round_trip_ns = 0;
  uint64_t applied = 0;

  // The leader's.
  enum class Mode : uint8_t { kProbe, kStream, kCheckpoint };
  Mode mode = Mode::kProbe;
  bool is_learner = false;
  uint64_t match = 0;
  uint64_t next = 1;
  uint64_t sent_commit = 0;
  Nanos last_sent = 0;
  Nanos last_progress = 0;
  Nanos not_before = 0;  // another checkpoint
  bool is_probing = false;
  uint64_t reading_ticket = 0;                          // entries are being read for it
  std::deque<std::pair<uint64_t, uint64_t>> in_flight;  // last index, bytes
  uint64_t in_flight_bytes = 0;
  std::set<uint64_t> seen_requests;  // forwarded by it
};

struct ReplicaCounters {
  uint64_t leader_changes = 0;
  uint64_t quorum_failures = 0;
  uint64_t promotions = 0;
};

class Replica {
 public:
  Replica(ReplicaSettings settings, Recovered recovered);

  // ---- inputs
  void start(Nanos now, Actions& out);
  void tick(Nanos now, Actions& out);
  void settle(Nanos now, Actions& out);
  // May a link to this peer be made? NOT_SUPPORTED, CONFLICT, … with words for both sides.
  Status admit(const PeerHello& hello) const;
  void peer_up(const PeerHello& hello, Nanos now, Actions& out);
  void peer_down(NodeKey peer, Nanos now, Actions& out);
  void receive(NodeKey from, Message message, Nanos now, Actions& out);
  // Everything up to `sequence` is durable.
  void journal_done(uint64_t sequence, Nanos now, Actions& out);
  void log_read(uint64_t ticket, std::vector<Entry> entries, Nanos now, Actions& out);
  void applied(uint64_t index, Nanos now, Actions& out);
  // The state machine would hold this after a crash: the log may be cut up to here.
  void state_durable(uint64_t index) { state_durable_ = std::max(state_durable_, index); }
  void propose(Origin origin, Nanos deadline, std::vector<DraftPayload> batches, Nanos now,
               Actions& out);
  void read(Origin origin, uint32_t level, Nanos deadline, Nanos now, Actions& out);
  void forwarded(NodeKey from, Forward request, Nanos now, Actions& out);

  // Administrators' commands; each ends in an Answer of kind kCommand.
  void promote(Origin origin, bool is_forced, Nanos now, Actions& out);
  void transfer(Origin origin, NodeKey to, Nanos now, Actions& out);
  void add_member(Origin origin, Member member, Nanos now, Actions& out);
  void remove_member(Origin origin, NodeKey member, Nanos now, Actions& out);

  // ---- checkpoints
  // The receiving end is about to replace its state: true when `offer` may be followed.
  bool accepts_checkpoint(const CheckpointOffer& offer) const;
  // To be durable before install_commit; journal_done() of this sequence tells.
  uint64_t begin_install(const CheckpointOffer& offer, Actions& out);
  void finish_install(Nanos now, Actions& out);
  void abandon_install(Actions& out);
  void checkpoint_ended(NodeKey peer, Nanos now);
  // The offer of a checkpoint of the state at `index`, without transfer number and manifest.
  // Nothing when this node does not lead, or its log does not reach there.
  std::optional<CheckpointOffer> offer_at(uint64_t index) const;
  // Entries above this are kept while a checkpoint at this index travels.
  void retain_for_checkpoint(NodeKey peer, uint64_t index) { retained_[peer] = index; }

  // ---- views
  Role role() const { return role_; }
  bool is_serving() const { return role_ == Role::kLeader && commit_ >= first_of_epoch_; }
  bool is_fresh() const { return state_.incarnation == 0; }
  const HardState& state() const { return state_; }
  const LogTail& log() const { return log_; }
  const Members& members() const { return configs_.back().members; }
  const std::map<NodeKey, Peer>& peers() const { return peers_; }
  const ReplicaCounters& counters() const { return counters_; }
  Epoch epoch() const { return epoch_; }
  NodeKey leader() const { return leader_; }
  NodeKey self() const { return self_; }
  uint64_t commit_index() const { return commit_; }
  uint64_t applied_index() const { return applied_; }
  uint64_t durable_index() const { return durable_; }
  std::size_t held_count() const { return held_.size(); }
  // The other nodes to be linked with: members, and one that is about to become a member.
  std::vector<Member> others() const;
  // Why this node does not serve writes, in words; empty when it does.
  std::string obstacle(Nanos now) const;
  bool has_write_quorum(Nanos now) const;
  std::string name_of(NodeKey key) const;
  PeerHello own_hello(const std::string& advertise) const {
    return {settings_.node_id, state_.identity, state_.incarnation, advertise};
  }

 private:
  struct Config {
    uint64_t index = 0;
    Members members;
  };
  struct Held {
    Origin origin;
    ForwardKind kind = ForwardKind::kPropose;
    uint32_t level = 0;
    Nanos deadline = 0;
    Nanos until = 0;  // refused after this unless it could be begun
    Nanos not_before = 0;
    std::vector<DraftPayload> batches;
  };
  struct Reading {
    Origin origin;
    Nanos deadline = 0;
    uint64_t round = 0;                  // the first round that began after it came
    std::optional<LogPosition> awaited;  // the answer of that round
  };
  struct Granted {
    uint64_t index = 0;  // to be applied here first
    Nanos deadline = 0;
    Answer answer;
  };
  struct Round {
    uint64_t number = 0;
    Nanos asked = 0;
    std::map<NodeKey, LogPosition> positions;
  };
  struct Candidacy {
    Epoch epoch;
    Origin origin;
    bool has_origin = false;
    bool is_resume = false;
    Epoch resume_of;
    Nanos deadline = 0;
    Nanos asked = 0;
    bool is_promised = false;  // our own promise is durable
    std::map<NodeKey, GrantReply> grants;
    NodeKey source = 0;  // whose log is being copied; 0: nobody's
    LogPosition asked_from;
    LogPosition goal;
    Nanos fetched = 0;
  };
  struct Change {
    Origin origin;
    uint64_t index = 0;  // of its entry; 0: the new node is still catching up
    Member member;
    Nanos deadline = 0;
  };

  // replica.cpp
  void push(JournalOp op, Actions& out);
  void flush_appends(Actions& out);
  uint64_t put_state(Actions& out);
  using Then = std::function<void(Nanos, Actions&)>;
  void after(uint64_t sequence, Then then);
  // Runs `then` when the newest promise is durable: at once, or later.
  void when_promised(Then then, Nanos now, Actions& out);
  bool is_promise_durable() const { return done_sequence_ >= promise_sequence_; }
  void send(NodeKey to, Message message, Actions& out);
  void append_entry(Entry entry);
  void truncate_after(uint64_t index, Actions& out);
  void adopt(Epoch epoch, Actions& out);
  void become_follower(NodeKey leader, Actions& out);
  void fail(Status why, Actions& out);
  void emit_applies(Actions& out);
  void rebuild_configs();
  void note_config(const Entry& entry);
  void cut_log(Actions& out);
  LogPosition durable_position() const;
  LogPosition applied_position() const;

  // replica_follower.cpp
  void on_append(NodeKey from, Append message, Nanos now, Actions& out);
  void acknowledge(Nanos now, Actions& out);
  void reject(NodeKey to, const Append& message, uint64_t hint, Actions& out);
  void on_grant_ask(NodeKey from, const GrantAsk& message, Nanos now, Actions& out);
  std::optional<uint64_t> merge(NodeKey from, uint64_t matched, std::span<Entry> entries,
                                Actions& out);
  void on_fetch_ask(NodeKey from, const FetchAsk& message, Actions& out);
  void on_position_ask(NodeKey from, const PositionAsk& message, Nanos now, Actions& out);

  // replica_leader.cpp
  void lead(Nanos now, Actions& out);
  void order(EntryKind kind, DraftPayload payload);
  void feed(NodeKey key, Peer& peer, Nanos now, Actions& out);
  void send_entries(NodeKey key, Peer& peer, std::vector<Entry> entries, Nanos now, Actions& out);
  void on_append_reply(NodeKey from, const AppendReply& message, Nanos now, Actions& out);
  void advance_commit(Nanos now, Actions& out);
  uint64_t quorum_index(const Members& members) const;
  void lead_tick(Nanos now);
  bool is_reachable(const Members& members, Nanos now) const;

  // replica_promotion.cpp
  void seek_office(Candidacy candidacy, Nanos now, Actions& out);
  void ask_for_grants(Nanos now, Actions& out);
  void on_grant_reply(NodeKey from, const GrantReply& message, Nanos now, Actions& out);
  void consider_grants(Nanos now, Actions& out);
  bool has_grants(const Members& members) const;
  void fetch(Nanos now, Actions& out);
  void on_fetch_reply(NodeKey from, FetchReply message, Nanos now, Actions& out);
  void end_candidacy(const Status& status, Actions& out);
  void candidacy_tick(Nanos now, Actions& out);
  void force_office(Origin origin, Nanos now, Actions& out);
  void maybe_form(Nanos now, Actions& out);
  // The first entry of a cluster stands in no log: it says that the state is of this life.
  void apply_beginning(Actions& out);

  // replica_requests.cpp
  void hold(Held held, Nanos now);
  void begin_held(Nanos now, Actions& out);
  bool begin(Held& held, Nanos now, Actions& out);
  void order_batches(Held& held, Nanos now, Actions& out);
  void forward(Held held, Nanos now, Actions& out);
  void on_forward_reply(NodeKey from, ForwardReply message, Nanos now, Actions& out);
  void refuse(const Held& held, Status status, Actions& out);
  void answer(Origin origin, ForwardKind kind, Status status, Actions& out);
  void ask_positions(Nanos now, Actions& out);
  void on_position_reply(NodeKey from, const PositionReply& message, Nanos now, Actions& out);
  void serve_reads(Nanos now, Actions& out);
  void refuse_reads(const Status& status, Actions& out);
  void requests_tick(Nanos now, Actions& out);
  Status no_leader() const;

  // replica_members.cpp
  void change_tick(Nanos now, Actions& out);
  void on_members_committed(Nanos now, Actions& out);
  void order_members(Members members, Actions& out);
  void end_change(const Status& status, Actions& out);
  void transfer_tick(Nanos now, Actions& out);
  void hold_for_transfer(Nanos now);

  const ReplicaSettings settings_;
  const NodeKey self_;
  HardState state_;
  LogTail log_;
  std::vector<Config> configs_;  // the base's first; the last one governs
  std::map<NodeKey, Peer> peers_;
  ReplicaCounters counters_;

  Role role_ = Role::kFollower;
  Epoch epoch_;     // followed or led
  Epoch accepted_;  // the newest leader that was followed, or led
  NodeKey leader_ = 0;
  Nanos leader_heard_ = 0;
  Nanos leaderless_since_ = 0;
  uint64_t commit_ = 0;
  uint64_t handed_out_ = 0;  // to be applied
  uint64_t applied_ = 0;
  uint64_t durable_ = 0;
  uint64_t state_durable_ = 0;
  uint64_t verified_ = 0;  // as the leader of this epoch has it
  bool owes_ack_ = false;
  uint64_t ack_echo_ns_ = 0;
  uint64_t last_stamp_ms_ = 0;
  bool has_failed_ = false;

  uint64_t next_sequence_ = 1;
  std::vector<Entry> unsent_appends_;
  std::deque<std::pair<uint64_t, uint64_t>> unsynced_;  // sequence, last index
  std::multimap<uint64_t, Then> continuations_;
  uint64_t done_sequence_ = 0;
  uint64_t promise_sequence_ = 0;

  uint64_t first_of_epoch_ = 0;  // the leader's own first entry
  Nanos last_ordered_ = 0;
  std::map<NodeKey, uint64_t> retained_;
  uint64_t next_ticket_ = 1;
  std::map<uint64_t, std::function<void(std::vector<Entry>, Nanos, Actions&)>> tickets_;

  std::optional<Candidacy> candidacy_;
  std::optional<Change> change_;
  struct Transfer {
    Origin origin;
    NodeKey to = 0;
    Nanos deadline = 0;
    // New requests wait since then, so that the other can have everything; 0: they do not.
    Nanos held_since = 0;
    Nanos not_before = 0;  // hold them again
    Nanos asked = 0;
    bool is_deposed = false;
  };
  std::optional<Transfer> transfer_;

  std::deque<Held> held_;
  uint64_t next_request_;
  std::map<uint64_t, Held> forwarded_;  // by request
  std::map<uint64_t, NodeKey> forwarded_to_;
  std::deque<Reading> readings_;
  std::optional<Round> round_;
  std::vector<Granted> granted_;
  uint64_t next_round_ = 1;
};

}  // namespace kvhost::leader_follower
