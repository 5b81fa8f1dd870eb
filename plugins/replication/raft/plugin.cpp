#include "kvhost/plugin.hpp"

#include "raft_strategy.hpp"

KVHOST_PLUGIN("org.kvhost.replication-raft", "1.0.0",
              kvhost::replication<kvhost::raft::RaftStrategy>(
                  "raft", "elects a leader by itself: etcd's Raft, linearizable reads",
                  KVH_COMPONENT_FOREIGN_RUNTIME))
