#include "metrics/replication_metrics.hpp"

#include <array>
#include <boost/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace kvhost::host {
namespace {

namespace json = boost::json;

// A number of the strategy's status that is a metric of its own.
struct StatusMetric {
  const char* name;
  MetricType type;
  std::array<const char*, 2> members;  // the first that is there
  const char* help;
};
constexpr auto kGauge = MetricType::kGauge;
constexpr auto kCounter = MetricType::kCounter;
constexpr std::array<StatusMetric, 7> kStatusMetrics = {{
    {"kvhost_replication_term", kGauge, {"term", "epoch"}, "The term, or the epoch's counter."},
    {"kvhost_replication_commit_index",
     kGauge,
     {"commit_index", "committed_index"},
     "The newest index known to be committed."},
    {"kvhost_replication_last_index",
     kGauge,
     {"last_index", "last_log_index"},
     "The newest index in this node's log."},
    {"kvhost_replication_quorum_failures_total",
     kCounter,
     {"quorum_failures", "quorum_failures"},
     "Requests that failed for lack of a quorum."},
    {"kvhost_replication_leader_changes_total",
     kCounter,
     {"leader_changes", "leader_changes"},
     "Changes of the leader that this node has seen."},
    {"kvhost_replication_snapshots_sent_total",
     kCounter,
     {"snapshots_sent", "snapshots_sent"},
     "Whole states sent to other nodes."},
    {"kvhost_replication_snapshots_received_total",
     kCounter,
     {"snapshots_received", "snapshots_received"},
     "Whole states received from other nodes."},
}};

// What a peer's entry in the status may hold.
struct PeerMetric {
  const char* name;
  const char* member;
  const char* help;
};
constexpr std::array<PeerMetric, 3> kPeerMetrics = {{
    {"kvhost_replication_peer_connected", "connected", "1 while the peer can be reached."},
    {"kvhost_replication_peer_lag_entries", "lag", "Entries that the peer is behind."},
    {"kvhost_replication_peer_rtt_seconds", "rtt_seconds", "The last round trip to the peer."},
}};

constexpr std::array<std::string_view, 4> kRoles = {"leader", "follower", "candidate", "learner"};

std::optional<double> number_of(const json::object& from, std::string_view member) {
  const json::value* found = from.if_contains({member.data(), member.size()});
  if (found == nullptr) return std::nullopt;
  if (found->is_bool()) return found->get_bool() ? 1 : 0;
  if (found->is_object()) return number_of(found->get_object(), "counter");
  boost::system::error_code failure;
  const double value = found->to_number<double>(failure);
  if (failure) return std::nullopt;
  return value;
}

std::string text_of(const json::object& from, std::string_view member) {
  const json::value* found = from.if_contains({member.data(), member.size()});
  return found != nullptr && found->is_string() ? std::string(found->get_string()) : std::string();
}

MetricFamily family(const char* name, const char* help, MetricType type,
                    std::vector<std::string> labels = {}) {
  return {name, help, type, std::move(labels), {}, {}};
}

MetricFamily role_family(const json::object& status, uint32_t told_role) {
  auto roles =
      family("kvhost_replication_role", "1 for the role that this node has.", kGauge, {"role"});
  const bool is_told = told_role >= 1 && told_role <= kRoles.size();
  std::string mine = text_of(status, "role");
  if (mine.empty() && is_told) mine = kRoles[told_role - 1];
  for (const auto role : kRoles) roles.add(mine == role ? 1 : 0, {std::string(role)});
  return roles;
}

void add_peers(const json::object& status, std::vector<MetricFamily>& out) {
  const json::value* const peers = status.if_contains("peers");
  for (const PeerMetric& metric : kPeerMetrics) {
    auto shown = family(metric.name, metric.help, kGauge, {"peer"});
    if (peers != nullptr && peers->is_array()) {
      for (const json::value& peer : peers->get_array()) {
        if (!peer.is_object()) continue;
        const auto value = number_of(peer.get_object(), metric.member);
        if (value) shown.add(*value, {text_of(peer.get_object(), "id")});
      }
    }
    out.push_back(std::move(shown));
  }
}

void add_own(const ReplicaFacts& facts, std::vector<MetricFamily>& out) {
  const auto add = [&](const char* name, MetricType type, uint64_t value, const char* help) {
    out.push_back(family(name, help, type));
    out.back().add(static_cast<double>(value));
  };
  add("kvhost_replication_applied_index", kGauge, facts.applied_index,
      "The newest index that this node has applied.");
  add("kvhost_replication_durable_index", kGauge, facts.durable_index,
      "The newest index whose effects are in this node's tables.");
  add("kvhost_replication_checkpoints_total", kCounter, facts.checkpoints_opened,
      "Checkpoints made for other nodes.");
  add("kvhost_replication_checkpoint_read_bytes_total", kCounter, facts.checkpoint_bytes_read,
      "Bytes of checkpoints read for other nodes.");
  add("kvhost_replication_installs_begun_total", kCounter, facts.installs_begun,
      "Whole states that this node began to receive.");
  add("kvhost_replication_installs_total", kCounter, facts.installs_committed,
      "Whole states received that took the place of this node's.");
  add("kvhost_replication_install_write_bytes_total", kCounter, facts.install_bytes_written,
      "Bytes of states received.");
}

}  // namespace

void ReplicationMetrics::collect(std::vector<MetricFamily>& out) {
  boost::system::error_code failure;
  const json::value told = json::parse(ordering_.status(), failure);
  const json::object status = !failure && told.is_object() ? told.get_object() : json::object();
  const ReplicaFacts facts = ordering_.facts();
  out.push_back(role_family(status, facts.role));
  for (const StatusMetric& metric : kStatusMetrics) {
    auto shown = family(metric.name, metric.help, metric.type);
    for (const char* const member : metric.members) {
      const auto value = number_of(status, member);
      if (!value) continue;
      shown.add(*value);
      break;
    }
    out.push_back(std::move(shown));
  }
  add_peers(status, out);
  add_own(facts, out);
}

}  // namespace kvhost::host
