// What the core calls, made from a strategy.
#pragma once

#include "raft_strategy.hpp"

namespace kvhost::raft {

struct CoreHost {
  static kvr_host table(RaftStrategy& strategy);

 private:
  static RaftStrategy& of(void* self) { return *static_cast<RaftStrategy*>(self); }
  static const kvh_state_machine& machine(void* self) { return *of(self).state_->table(); }
  static void fill_log(kvr_host& host);
  static void fill_proposals(kvr_host& host);
  static void fill_reads(kvr_host& host);
  static void fill_state(kvr_host& host);
  static void fill_checkpoints(kvr_host& host);
  static void fill_installs(kvr_host& host);
};

}  // namespace kvhost::raft
