// The plugin file leader-follower.so.
#include "kvhost/plugin.hpp"

#include "leader_follower.hpp"

KVHOST_PLUGIN("org.kvhost.leader-follower", "0.1.0",
              kvhost::replication<kvhost::leader_follower::LeaderFollower>(
                  "leader-follower", "one leader, followers, quorums for writes and reads"))
