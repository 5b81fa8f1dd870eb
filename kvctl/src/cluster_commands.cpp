// cluster status, promote, transfer-leader, add, remove.
#include "cluster_view.hpp"
#include "command_table.hpp"
#include "text.hpp"

namespace kvhost::kvctl {

namespace json = boost::json;

namespace {

Status nobody_answers(const std::vector<Member>& members) {
  return members.empty() ? Status(StatusCode::CONNECTION_FAILED, "no endpoint was given")
                         : members.front().failure;
}

std::vector<std::string> row_of(const Member& member) {
  if (!member.reached()) {
    return {member.endpoint, "-", "-", "-", "-", "-", "-", member.failure.message()};
  }
  const std::string term = member.told("term");
  return {member.endpoint,
          member.node(),
          member.role().empty() ? "-" : member.role(),
          term == "-" ? member.told("epoch") : term,
          member.told("commit_index"),
          std::to_string(member.applied_index()),
          member.told("last_index"),
          member.leader().empty() ? "-" : member.leader()};
}

// Peers as the leader sees them; empty when it does not tell.
std::vector<std::vector<std::string>> peer_rows(const Member& member) {
  std::vector<std::vector<std::string>> rows;
  const json::value* const peers = member.strategy_status().if_contains("peers");
  if (peers == nullptr || !peers->is_array()) return rows;
  for (const json::value& peer : peers->get_array()) {
    if (!peer.is_object()) continue;
    std::vector<std::string> row;
    for (const char* const name : {"id", "address", "connected", "lag"}) {
      const json::value* const found = peer.get_object().if_contains(name);
      if (found == nullptr) {
        row.emplace_back("-");
      } else {
        row.push_back(found->is_string() ? std::string(found->get_string())
                                         : json::serialize(*found));
      }
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

json::array all_as_json(const std::vector<Member>& members) {
  json::array list;
  for (const Member& member : members) {
    json::object one{{"endpoint", member.endpoint}};
    if (member.reached()) {
      one["status"] = member.status;
    } else {
      one["error"] = member.failure.message();
    }
    list.push_back(std::move(one));
  }
  return list;
}

void show_status(Invocation& call, const std::vector<Member>& members) {
  std::vector<std::vector<std::string>> rows{
      {"ENDPOINT", "NODE", "ROLE", "TERM", "COMMIT", "APPLIED", "LAST", "LEADER"}};
  for (const Member& member : members) rows.push_back(row_of(member));
  call.streams.out << table(rows);
  for (const Member& member : members) {
    auto peers = peer_rows(member);
    if (member.role() != "leader" || peers.empty()) continue;
    peers.insert(peers.begin(), {"PEER", "ADDRESS", "CONNECTED", "LAG"});
    call.streams.out << "\nas " << member.node() << " sees its peers\n" << table(peers);
  }
}

Status nobody_replicates() {
  return {StatusCode::NOT_SUPPORTED,
          "no node that answers has a replication strategy; see [replication] in its file"};
}

// Sends a command of the strategy's to where it can be carried out, and prints its answer.
Status order_cluster(Invocation& call, const std::string& name, json::object arguments,
                     const std::string& preferred_node) {
  auto members = look_at_cluster(call);
  Member* const member = best_member(members, preferred_node);
  if (member == nullptr) return nobody_answers(members);
  if (member->strategy() == "none") return nobody_replicates();
  client::CallOptions options;
  // A change of members waits for a quorum: only --timeout shortens it.
  options.timeout = call.has("timeout") ? call.timeout : std::chrono::milliseconds(60'000);
  KVHOST_TRY_ASSIGN(const auto text, member->client->command("cluster-" + name,
                                                             json::serialize(arguments), options));
  boost::system::error_code failure;
  json::value answer = json::parse(text, failure);
  if (failure || !answer.is_object()) answer = json::object();
  if (call.format == Format::kJson) {
    call.streams.out << json::serialize(answer) << '\n';
    return {};
  }
  call.streams.out << "OK\n";
  if (!answer.get_object().empty()) call.streams.out << flat_text(answer);
  return {};
}

}  // namespace

Status run_cluster_status(Invocation& call) {
  const auto members = look_at_cluster(call);
  bool is_led = false;
  bool is_replicated = false;
  bool is_anyone_there = false;
  for (const Member& member : members) {
    is_anyone_there = is_anyone_there || member.reached();
    is_led = is_led || member.role() == "leader" || !member.leader().empty();
    is_replicated = is_replicated || (!member.strategy().empty() && member.strategy() != "none");
  }
  if (!is_anyone_there) return nobody_answers(members);
  if (call.format == Format::kJson) {
    call.streams.out << json::serialize(all_as_json(members)) << '\n';
  } else {
    show_status(call, members);
  }
  if (!is_replicated) return nobody_replicates();
  return is_led ? Status() : Status(StatusCode::NO_QUORUM, "no node that answers knows a leader");
}

Status run_cluster_promote(Invocation& call) {
  json::object arguments{{"node", call.arguments[0]}};
  if (call.has("force")) arguments["force"] = true;
  // The node that shall lead gathers the others' consent itself.
  return order_cluster(call, "promote", std::move(arguments), call.arguments[0]);
}

Status run_cluster_transfer_leader(Invocation& call) {
  return order_cluster(call, "transfer-leader", {{"node", call.arguments[0]}}, {});
}

Status run_cluster_add(Invocation& call) {
  json::object arguments{{"node", call.arguments[0]}};
  if (const auto address = call.option("address")) arguments["address"] = *address;
  if (call.has("learner")) arguments["learner"] = true;
  return order_cluster(call, "add", std::move(arguments), {});
}

Status run_cluster_remove(Invocation& call) {
  return order_cluster(call, "remove", {{"node", call.arguments[0]}}, {});
}

}  // namespace kvhost::kvctl
