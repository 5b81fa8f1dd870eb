// What the facade asks of a replication strategy. Without one the engine orders writes itself.
//
// Threads:   any. Callbacks come exactly once, on any thread, maybe inside the call, under no lock.
// Lifetime:  `batch` and the views in `call` are borrowed until the call returns.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "kvhost/abi/replication.h"
#include "kvhost/engine/state_digest.hpp"
#include "kvhost/result.hpp"
#include "store/write_outcome.hpp"

namespace kvhost::host {

// Serve the read from a state that has applied what was ordered before; judge expiry by this.
struct ReadBarrier {
  uint64_t now_ms = 0;  // 0: log time
};

// How far this node's own state has come, whatever the strategy says about the cluster.
struct ReplicaFacts {
  uint32_t role = KVH_ROLE_FOLLOWER;
  uint64_t applied_index = 0;
  uint64_t durable_index = 0;
  uint64_t checkpoints_opened = 0;
  uint64_t checkpoint_bytes_read = 0;
  uint64_t installs_begun = 0;
  uint64_t installs_committed = 0;
  uint64_t install_bytes_written = 0;
};

class Ordering {
 public:
  using ProposalDone = std::function<void(WriteOutcome)>;
  using BarrierDone = std::function<void(Result<ReadBarrier>)>;
  using CommandDone = std::function<void(Result<std::string>)>;

  virtual ~Ordering() = default;
  virtual const std::string& name() const = 0;
  // KVH_TRAIT_…
  virtual uint64_t traits() const = 0;
  virtual void propose(const kvh_call& call, std::string_view batch, ProposalDone done) = 0;
  // Completes when a read of call.read_level may be served from the engine.
  virtual void read_barrier(const kvh_call& call, BarrierDone done) = 0;
  // Calls `then` once this node has applied `index`: at once, or later on the applying thread; also
  // when the strategy stops first.
  virtual void when_applied(uint64_t index, std::function<void()> then) = 0;
  virtual ReplicaFacts facts() const = 0;
  // Of this node's state at exactly `index` (0: now), judged at now_ms. May block.
  virtual Result<engine::StateDigest> digest(uint64_t index, uint64_t now_ms) = 0;
  // Where clients reach the leader, if it is known.
  virtual std::optional<std::string> leader_hint() const = 0;
  // One JSON object.
  virtual std::string status() const = 0;
  // May block.
  virtual void command(const kvh_call& call, std::string_view name, std::string_view arguments,
                       CommandDone done) = 0;
};

}  // namespace kvhost::host
