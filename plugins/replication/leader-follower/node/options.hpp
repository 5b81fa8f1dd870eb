// The options of the component `leader-follower`, and what they say.
//
// Threads:   values.
// Errors:    from(): CONFIG_ERROR, told through the Config with the option's path.
#pragma once

#include <cstdint>
#include <string>

#include "kvhost/config.hpp"
#include "kvhost/options.hpp"
#include "kvhost/result.hpp"
#include "node/stream.hpp"
#include "protocol/members.hpp"

namespace kvhost::leader_follower {

inline constexpr auto kPeerOptions = kvhost::options(
    kvhost::string("id").doc("[node] id of the peer; by default the host part of its address"),
    kvhost::address("address").required().doc("where the peer listens for replication"));

inline constexpr auto kLeaderFollowerOptions = kvhost::options(
    kvhost::string("cluster_id", "kvhost").doc("nodes of another cluster are refused"),
    kvhost::address("listen", "127.0.0.1:10001").doc("address to listen on for peers"),
    kvhost::string("advertise")
        .doc("where clients reach this node, for redirects: http://HOST:PORT"),
    kvhost::tables("peers", kPeerOptions),
    kvhost::integer("write_quorum", 0)
        .min(0)
        .max(1000)
        .unit("nodes")
        .doc("nodes that have a batch on disk before it is acknowledged; 0: a majority"),
    kvhost::integer("read_quorum", 0)
        .min(0)
        .max(1000)
        .unit("nodes")
        .doc("nodes that a linearizable read asks; 0: N − write_quorum + 1"),
    kvhost::string("leader").doc(
        "id of the first leader of a new cluster; by default the least id"),
    kvhost::boolean("forward", true).doc("requests on a follower are carried out by the leader"),
    kvhost::duration("heartbeat", "100ms")
        .min("5ms")
        .max("10s")
        .doc("how often an idle leader is heard"),
    kvhost::duration("peer_timeout", "2s")
        .min("50ms")
        .max("10m")
        .doc("a peer that is silent for so long does not count as reachable"),
    kvhost::duration("resume_delay", "500ms")
        .min("10ms")
        .max("10m")
        .doc("how long a restarted leader looks for a successor before it resumes"),
    kvhost::size("retain_log", "64MiB").min("0B").doc("log kept for followers that come back"),
    kvhost::size("retain_log_max", "1GiB")
        .min("1MiB")
        .doc("log kept for a follower that is behind; beyond it gets a checkpoint"),
    kvhost::size("checkpoint_rate", "64MiB")
        .min("0B")
        .doc("bytes per second of checkpoints sent to followers; 0: no limit"),
    kvhost::file_path("tls_ca").doc("certificate of the authority that all peers' are signed by"),
    kvhost::file_path("tls_cert").doc("this node's certificate, which names its id"),
    kvhost::file_path("tls_key").doc("the key of tls_cert"));

struct LeaderFollowerOptions {
  std::string cluster_id;
  std::string listen;
  std::string advertise;
  Members members;  // this node included
  std::string leader;
  bool forward = true;
  Nanos heartbeat = 0;
  Nanos peer_timeout = 0;
  Nanos resume_delay = 0;
  uint64_t retain_log = 0;
  uint64_t retain_log_max = 0;
  uint64_t checkpoint_rate = 0;
  TlsFiles tls;

  static Result<LeaderFollowerOptions> from(const Config& config, const std::string& node_id);
};

}  // namespace kvhost::leader_follower
