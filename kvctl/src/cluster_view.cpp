#include "cluster_view.hpp"

#include <utility>

namespace kvhost::kvctl {

namespace json = boost::json;

namespace {

// The member at a path of names; null when it is not there.
const json::value* member_of(const json::object& from, std::initializer_list<const char*> path) {
  const json::object* at = &from;
  const json::value* found = nullptr;
  for (const char* const name : path) {
    if (at == nullptr) return nullptr;
    found = at->if_contains(name);
    if (found == nullptr) return nullptr;
    at = found->is_object() ? &found->get_object() : nullptr;
  }
  return found;
}

std::string text_of(const json::value* value) {
  if (value == nullptr || value->is_null()) return {};
  if (value->is_string()) return std::string(value->get_string());
  return json::serialize(*value);
}

uint64_t number_of(const json::value* value) {
  boost::system::error_code failure;
  const uint64_t number = value == nullptr ? 0 : value->to_number<uint64_t>(failure);
  return failure ? 0 : number;
}

Member look_at(Invocation& call, const std::string& endpoint) {
  Member member;
  member.endpoint = endpoint;
  client::ClientOptions options;
  options.endpoints = {endpoint};
  options.connect_timeout = std::min(call.timeout, options.connect_timeout);
  options.request_timeout = call.timeout;
  options.name = "kvctl";
  auto connected = client::Client::connect(std::move(options));
  if (!connected) {
    member.failure = connected.error();
    return member;
  }
  member.client = std::make_unique<client::Client>(std::move(*connected));
  const auto text = member.client->info("status");
  boost::system::error_code failure;
  json::value value = text ? json::parse(*text, failure) : json::value();
  if (!text) {
    member.failure = text.error();
  } else if (failure || !value.is_object()) {
    member.failure = Status(StatusCode::PROTOCOL_ERROR, "the node's status is no JSON object");
  } else {
    member.status = std::move(value.get_object());
  }
  return member;
}

}  // namespace

std::string Member::node() const { return text_of(member_of(status, {"node", "id"})); }
std::string Member::strategy() const {
  return text_of(member_of(status, {"replication", "strategy"}));
}
std::string Member::role() const { return text_of(member_of(status, {"replication", "role"})); }
std::string Member::leader() const { return text_of(member_of(status, {"replication", "leader"})); }
uint64_t Member::applied_index() const {
  return number_of(member_of(status, {"replication", "applied_index"}));
}
uint64_t Member::now_ms() const { return number_of(member_of(status, {"engine", "now_ms"})); }

const json::object& Member::strategy_status() const {
  static const json::object kNothing;
  const json::value* const found = member_of(status, {"replication", "status"});
  return found != nullptr && found->is_object() ? found->get_object() : kNothing;
}

std::string Member::told(const char* name) const {
  const std::string text = text_of(member_of(strategy_status(), {name}));
  return text.empty() ? "-" : text;
}

std::vector<Member> look_at_cluster(Invocation& call) {
  std::vector<Member> members;
  for (const std::string& endpoint : call.endpoints) members.push_back(look_at(call, endpoint));
  return members;
}

Member* best_member(std::vector<Member>& members, const std::string& node) {
  Member* leader = nullptr;
  Member* any = nullptr;
  for (Member& member : members) {
    if (!member.reached()) continue;
    if (!node.empty() && member.node() == node) return &member;
    if (member.role() == "leader") leader = &member;
    if (any == nullptr) any = &member;
  }
  return leader != nullptr ? leader : any;
}

}  // namespace kvhost::kvctl
