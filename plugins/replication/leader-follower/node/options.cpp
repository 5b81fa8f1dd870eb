#include "node/options.hpp"

#include <utility>

#include "node/address.hpp"

namespace kvhost::leader_follower {
namespace {

Nanos nanoseconds(const Config& config, std::string_view path) {
  return static_cast<Nanos>(config.duration(path).count());
}

Result<Members> members_of(const Config& config, const std::string& node_id,
                           const std::string& listen) {
  Members members;
  members.nodes.push_back({node_id, listen});
  for (std::size_t i = 0; i < config.count("peers"); ++i) {
    const std::string peer = Config::element("peers", i);
    Member member{config.string(peer + ".id"), config.string(peer + ".address")};
    const auto address = Address::parse(member.address);
    if (!address) return config.fail(peer + ".address", address.error().message());
    if (member.id.empty()) member.id = address->host;
    if (member.id == node_id) {
      return config.fail(peer + ".id", "\"" + node_id + "\" is this node: peers are the others");
    }
    members.nodes.push_back(std::move(member));
  }
  Members sorted;
  sorted.chosen_write_quorum = static_cast<uint32_t>(config.integer("write_quorum"));
  sorted.chosen_read_quorum = static_cast<uint32_t>(config.integer("read_quorum"));
  for (const auto& member : members.nodes) {
    if (sorted.contains(member.key())) {
      return config.fail("peers", "two peers have the id \"" + member.id + "\"");
    }
    sorted.insert(member);
  }
  if (sorted.write_quorum() > sorted.count()) {
    return config.fail("write_quorum", "is " + std::to_string(sorted.write_quorum()) +
                                           ", but the cluster has " +
                                           std::to_string(sorted.count()) + " nodes");
  }
  if (sorted.read_quorum() > sorted.count()) {
    return config.fail("read_quorum", "is " + std::to_string(sorted.read_quorum()) +
                                          ", but the cluster has " +
                                          std::to_string(sorted.count()) + " nodes");
  }
  return sorted;
}

}  // namespace

Result<LeaderFollowerOptions> LeaderFollowerOptions::from(const Config& config,
                                                          const std::string& node_id) {
  LeaderFollowerOptions options;
  options.cluster_id = config.string("cluster_id");
  options.listen = config.string("listen");
  if (const auto listen = Address::parse(options.listen); !listen) {
    return config.fail("listen", listen.error().message());
  }
  options.advertise = config.string("advertise");
  KVHOST_TRY_ASSIGN(options.members, members_of(config, node_id, options.listen));
  options.leader = config.string("leader");
  if (options.leader.empty()) options.leader = options.members.nodes.front().id;
  if (!options.members.contains(node_key(options.leader))) {
    return config.fail("leader", "\"" + options.leader + "\" is neither this node nor a peer");
  }
  options.forward = config.boolean("forward");
  options.heartbeat = nanoseconds(config, "heartbeat");
  options.peer_timeout = nanoseconds(config, "peer_timeout");
  options.resume_delay = nanoseconds(config, "resume_delay");
  options.retain_log = config.bytes("retain_log");
  options.retain_log_max = config.bytes("retain_log_max");
  options.checkpoint_rate = config.bytes("checkpoint_rate");
  options.tls = {config.string("tls_ca"), config.string("tls_cert"), config.string("tls_key")};
  const bool any =
      options.tls.is_used() || !options.tls.certificate.empty() || !options.tls.key.empty();
  if (any &&
      (options.tls.ca.empty() || options.tls.certificate.empty() || options.tls.key.empty())) {
    return config.fail("tls_ca", "TLS needs all of tls_ca, tls_cert and tls_key");
  }
  return options;
}

}  // namespace kvhost::leader_follower
