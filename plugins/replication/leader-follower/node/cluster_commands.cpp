// Administrators' commands: here, at the leader, or at the node that they name.
#include <algorithm>
#include <array>
#include <boost/asio/post.hpp>
#include <boost/json.hpp>
#include <cstdio>
#include <utility>

#include "node/cluster_node.hpp"

namespace kvhost::leader_follower {
namespace {

namespace json = boost::json;

constexpr Nanos kCommandLimit = 60 * kSecond;
// The others ask their state machines for the index within this time, before it is ordered.
constexpr Nanos kMarkPause = 50 * kMillisecond;
// Under load the index comes by itself, and soon: it is chosen so far ahead.
constexpr uint64_t kMarkAhead = 2000;
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

uint64_t number_of(const json::object& arguments, std::string_view name) {
  const auto* const value = arguments.if_contains(name);
  boost::system::error_code failure;
  const auto number = value == nullptr ? 0 : value->to_number<uint64_t>(failure);
  return failure ? 0 : number;
}

std::string hex(const StateMachine::Digest& digest) {
  std::array<char, 40> text{};
  std::snprintf(text.data(), text.size(), "%016llx%016llx",
                static_cast<unsigned long long>(digest.words[0]),
                static_cast<unsigned long long>(digest.words[1]));
  return text.data();
}

bool is_leaders(const std::string& name) {
  return name == "transfer-leader" || name == "add" || name == "remove" || name == "digest" ||
         name == "check";
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
  const bool is_local = name == "digest" && parsed->contains("index");
  if (is_leaders(name) && !is_local && replica_->role() != Role::kLeader) {
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
  } else if (name == "digest-here" || (name == "digest" && parsed->contains("index"))) {
    take_digest(number_of(*parsed, "index"), number_of(*parsed, "now_ms"), std::move(end));
  } else if (name == "digest" || name == "check") {
    take_digests(std::move(end), deadline);
  } else {
    end(Status(StatusCode::UNKNOWN_ROUTE,
               "no command \"" + name.substr(0, 100) +
                   "\"; there are status promote transfer-leader add remove digest"),
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

// ---- digests: every replica hashes its state as of one index

void ClusterNode::take_digest(uint64_t index, uint64_t now_ms, CommandEnd end) {
  digests_->post([this, index, now_ms, end = std::move(end)]() mutable {
    auto digest = machine_.digest({}, {}, index, now_ms);
    boost::asio::post(loop_, [digest = std::move(digest), end = std::move(end)] {
      end(digest.status(), digest ? "{\"digest\":\"" + hex(*digest) + "\"}" : "");
    });
  });
}

void ClusterNode::take_digests(CommandEnd end, Nanos deadline) {
  struct Round {
    json::array replicas;
    std::size_t left = 0;
    uint64_t index = 0;
    uint64_t now_ms = 0;
    std::string first;
    bool is_equal = true;
    CommandEnd end;
  };
  const auto round = std::make_shared<Round>();
  round->end = std::move(end);
  round->now_ms = machine_.now_ms();
  // An index that nobody has reached: everyone is asked before it is ordered.
  round->index = replica_->log().last_index() + kMarkAhead;
  mark_index_ = round->index;
  round->left = replica_->members().count();
  const auto take = [round](const std::string& id, const Status& status, const std::string& text) {
    json::object one{{"id", id}};
    boost::system::error_code failure;
    const json::value parsed = status.is_ok() ? json::parse(text, failure) : json::value();
    if (status.is_ok() && !failure && parsed.is_object()) {
      const std::string digest = text_of(parsed.get_object(), "digest");
      if (round->first.empty()) round->first = digest;
      round->is_equal = round->is_equal && digest == round->first;
      one["digest"] = digest;
    } else {
      one["error"] = status.is_ok() ? "an answer that is no digest" : status.message();
      round->is_equal = false;
    }
    round->replicas.push_back(std::move(one));
    if (--round->left != 0) return;
    round->end({}, json::serialize(json::object{{"index", round->index},
                                                {"now_ms", round->now_ms},
                                                {"equal", round->is_equal},
                                                {"replicas", std::move(round->replicas)}}));
  };
  const std::string arguments =
      json::serialize(json::object{{"index", round->index}, {"now_ms", round->now_ms}});
  const auto members = replica_->members().nodes;
  for (const auto& member : members) {
    CommandEnd one = [take, id = member.id](const Status& status, const std::string& text) {
      take(id, status, text);
    };
    if (member.key() == replica_->self()) {
      take_digest(round->index, round->now_ms, std::move(one));
    } else {
      forward_command(member.key(), "digest-here", arguments, deadline, std::move(one));
    }
  }
  // Moves the log to the index; the others hear the question first, on the same links.
  mark_at_ = now() + kMarkPause;
}

}  // namespace kvhost::leader_follower
