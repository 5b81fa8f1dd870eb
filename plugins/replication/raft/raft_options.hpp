// The options of the strategy, declared once, and as the JSON that the core reads.
#pragma once

#include <string>

#include "kvhost/config.hpp"
#include "kvhost/context.hpp"
#include "kvhost/options.hpp"

namespace kvhost::raft {

inline constexpr auto kPeerOptions =
    kvhost::options(kvhost::string("id").required().doc("the peer's [node] id"),
                    kvhost::address("address").required().doc("where it listens for peers"));

inline constexpr auto kRaftOptions = kvhost::options(
    kvhost::string("cluster_id").required().doc("name of the cluster; the same on all nodes"),
    kvhost::address("listen", "127.0.0.1:10001").doc("address for peers"),
    kvhost::string("address").doc("where peers reach this node, if not at listen"),
    kvhost::string("advertise").doc("where clients reach this node, for redirects"),
    kvhost::tables("peers", kPeerOptions).doc("the other nodes"),
    kvhost::choice("bootstrap", "new", "new", "existing")
        .doc("without data of a cluster: form a new one, or wait to be brought into one"),
    kvhost::boolean("forward", true).doc("followers pass requests on to the leader"),
    kvhost::duration("heartbeat_interval", "50ms")
        .min("5ms")
        .max("10s")
        .doc("between signs of life of the leader"),
    kvhost::duration("election_timeout", "400ms")
        .min("20ms")
        .max("60s")
        .doc("without a sign of life until another election, up to twice this"),
    kvhost::file_path("tls_ca").doc("certificate of the cluster's own authority; turns TLS on"),
    kvhost::file_path("tls_cert").doc("this node's certificate; its name is the node's id"),
    kvhost::file_path("tls_key").doc("the certificate's key"),
    kvhost::size("log_retention", "256MiB")
        .min("1MiB")
        .doc("log kept for followers that lag; beyond it they take a snapshot"),
    kvhost::size("log_cache", "64MiB").min("64KiB").doc("newest log entries kept in memory"),
    kvhost::size("snapshot_rate", "64MiB")
        .doc("bytes a second that snapshots are sent with; 0: no limit"));

std::string core_config(const Config& config, const NodeInfo& node);

}  // namespace kvhost::raft
