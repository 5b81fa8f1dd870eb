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
#include "kvhost/result.hpp"
#include "store/write_outcome.hpp"

namespace kvhost::host {

// Serve the read from a state that has applied what was ordered before; judge expiry by this.
struct ReadBarrier {
  uint64_t now_ms = 0;  // 0: log time
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
  // Where clients reach the leader, if it is known.
  virtual std::optional<std::string> leader_hint() const = 0;
  // One JSON object.
  virtual std::string status() const = 0;
  virtual void command(const kvh_call& call, std::string_view name, std::string_view arguments,
                       CommandDone done) = 0;
};

}  // namespace kvhost::host
