// Administrators' commands: here, at the leader, or at the node that they name.
#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/json.hpp>
#include <utility>

#include "node/cluster_node.hpp"

namespace kvhost::leader_follower {
namespace {

namespace json = boost::json;

constexpr Nanos kCommandLimit = 60 * kSecond;
constexpr Nanos kAddLimit = 3600 * kSecond;

Result<json::object> parse_arguments(const std::string& text) {
  if (text.empty()) return json::object();
  boost::system::error_code failure;
  json::value value = json::parse(text, failure);
  if (failure || !value.is_object()) {
    return Status(StatusCode::INVALID_ARGUMENT, "arguments: expected a JSON object, found " + text);
  }
  return std::move(value.get_object());
}

std::string text_of(const json::object& arguments, std::string_view name) {
  const auto* const value = arguments.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : "";
}

bool is_set(const json::object& arguments, std::string_view name) {
  const auto* const value = arguments.if_contains(name);
  return value != nullptr && value->is_bool() && value->get_bool();
}

bool is_leaders(const std::string& name) {
  return name == "transfer-leader" || name == "add" || name == "remove";
}

}  // namespace

void ClusterNode::command(const kvh_call& call, std::string_view name, std::string_view arguments,
                          CommandDone done) {
  const std::string what(name);
  const Nanos limit = now() + (what == "add" ? kAddLimit : kCommandLimit);
  const Nanos deadline = call.deadline_ns == 0 ? limit : std::min<Nanos>(call.deadline_ns, limit);
  CommandEnd end = [done](const Status& status, const std::string& answer) {
    status.is_ok() ? done.answer(answer) : done.refuse(status);
  };
  const std::lock_guard lock(inbox_mutex_);
  if (!is_open_) {
    return done.refuse(Status(StatusCode::DRAINING, "the node is shutting down"));
  }
  boost::asio::post(
      loop_, [this, what, text = std::string(arguments), deadline, end = std::move(end)]() mutable {
        run_command(what, text, deadline, std::move(end));
      });
}

// Sends a command to where it belongs.
void ClusterNode::run_command(const std::string& name, const std::string& arguments, Nanos deadline,
                              CommandEnd end) {
  if (!failure_.is_ok()) return end(failure_, "");
  const auto parsed = parse_arguments(arguments);
  if (!parsed) return end(parsed.error(), "");
  if (name == "promote") {
    const std::string node = text_of(*parsed, "node");
    const NodeKey key = node_key(node);
    if (node.empty() || key == replica_->self()) return run_here(name, arguments, deadline, end);
    if (!replica_->members().contains(key)) {
      return end(Status(StatusCode::INVALID_ARGUMENT, "\"" + node + "\" is no member"), "");
    }
    return forward_command(key, name, arguments, deadline, std::move(end));
  }
  if (is_leaders(name) && replica_->role() != Role::kLeader) {
    if (replica_->leader() == 0) {
      return end(Status(StatusCode::NO_QUORUM,
                        "no leader is known: promote one with kvctl cluster promote"),
                 "");
    }
    return forward_command(replica_->leader(), name, arguments, deadline, std::move(end));
  }
  run_here(name, arguments, deadline, std::move(end));
}

void ClusterNode::run_here(const std::string& name, const std::string& arguments, Nanos deadline,
                           CommandEnd end) {
  const auto parsed = parse_arguments(arguments);
  if (!parsed) return end(parsed.error(), "");
  const std::string node = text_of(*parsed, "node");
  const std::string id = text_of(*parsed, "id");
  const std::string target = id.empty() ? node : id;
  const Nanos time = now();
  if (name == "status") {
    end({}, status());
  } else if (name == "promote") {
    // Read before the promotion: what it ends with may be a new life.
    const std::string held = to_string(replica_->log().last());
    const bool is_forced = is_set(*parsed, "force");
    CommandEnd told = [this, end, is_forced, held](const Status& status, const std::string&) {
      json::object answer{{"leader", node_.node_id}, {"epoch", replica_->epoch().counter}};
      if (is_forced) {
        answer["warning"] = "what only the lost nodes had is lost; this node's log ended at " +
                            held + ". Other nodes must come back with empty data directories";
      }
      end(status, json::serialize(answer));
    };
    replica_->promote(expect_answer(std::move(told), deadline), is_forced, time, actions_);
  } else if (name == "transfer-leader") {
    replica_->transfer(expect_answer(std::move(end), deadline), node_key(target), time, actions_);
  } else if (name == "add") {
    const std::string address = text_of(*parsed, "address");
    replica_->add_member(expect_answer(std::move(end), deadline), {target, address}, time,
                         actions_);
  } else if (name == "remove") {
    replica_->remove_member(expect_answer(std::move(end), deadline), node_key(target), time,
                            actions_);
  } else {
    end(Status(StatusCode::UNKNOWN_ROUTE,
               "no command \"" + name.substr(0, 100) +
                   "\"; there are status promote transfer-leader add remove"),
        "");
  }
  touch();
}

// ---- to and from other nodes

Origin ClusterNode::expect_answer(CommandEnd end, Nanos deadline) {
  const uint64_t request = next_request_++;
  commands_[request] = {std::move(end), deadline, 0};
  return {0, request};
}

void ClusterNode::forward_command(NodeKey to, const std::string& name, const std::string& arguments,
                                  Nanos deadline, CommandEnd end) {
  const auto peer = replica_->peers().find(to);
  if (peer == replica_->peers().end() || !peer->second.is_up) {
    return end(
        Status(StatusCode::CONNECTION_FAILED, "there is no link with " + replica_->name_of(to) +
                                                  ": " + mesh_->problem_of(replica_->name_of(to))),
        "");
  }
  const Nanos time = now();
  Forward message;
  // Apart from the numbers of proposals, which the protocol gives.
  message.request = (uint64_t{1} << 63) | next_request_;
  message.kind = ForwardKind::kCommand;
  message.timeout_ns = deadline > time ? deadline - time : 0;
  message.name = name;
  message.batches.push_back(draft_payload(arguments));
  ++next_request_;
  commands_[message.request] = {std::move(end), deadline, to};
  mesh_->send(to, std::move(message));
}

void ClusterNode::on_command(NodeKey from, const Forward& request) {
  const std::string arguments =
      request.batches.empty() ? "" : request.batches.front()->substr(kPayloadHeadBytes);
  const Nanos deadline = now() + std::min<Nanos>(request.timeout_ns, kAddLimit);
  CommandEnd end = [this, from, number = request.request](const Status& status,
                                                          const std::string& answer) {
    ForwardReply reply;
    reply.request = number;
    reply.status = status;
    reply.outcomes.push_back(answer);
    mesh_->send(from, std::move(reply));
  };
  if (is_leaders(request.name) && replica_->role() != Role::kLeader) {
    return end(Status(StatusCode::NOT_LEADER, node_.node_id + " is not the leader"), "");
  }
  run_here(request.name, arguments, deadline, std::move(end));
}

void ClusterNode::expire_commands(Nanos time) {
  std::vector<CommandEnd> late;
  for (auto at = commands_.begin(); at != commands_.end();) {
    if (time < at->second.deadline) {
      ++at;
      continue;
    }
    late.push_back(std::move(at->second.end));
    at = commands_.erase(at);
  }
  for (const auto& end : late) {
    end(Status(StatusCode::OUTCOME_UNKNOWN, "the command did not end within its deadline"), "");
  }
}

void ClusterNode::drop_commands_to(NodeKey peer) {
  std::vector<CommandEnd> lost;
  for (auto at = commands_.begin(); at != commands_.end();) {
    if (at->second.peer != peer) {
      ++at;
      continue;
    }
    lost.push_back(std::move(at->second.end));
    at = commands_.erase(at);
  }
  for (const auto& end : lost) {
    end(Status(StatusCode::OUTCOME_UNKNOWN,
               "the connection to " + replica_->name_of(peer) + " broke during the command"),
        "");
  }
}

}  // namespace kvhost::leader_follower
