// kvh_store.info: what the node knows, section by section.
#include <array>
#include <boost/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "kvhost/detail/boundary.hpp"
#include "store/engine_json.hpp"
#include "store/store_core.hpp"

namespace kvhost::host {
namespace {

namespace json = boost::json;
using detail::to_view;

std::string_view state_name(StoreState state) {
  switch (state) {
    case StoreState::kStarting:
      return "starting";
    case StoreState::kReady:
      return "ready";
    case StoreState::kDraining:
      return "draining";
    default:
      return "stopped";
  }
}

// Text of others as JSON; what does not parse comes as a string.
json::value embedded(std::string_view text) {
  boost::system::error_code failure;
  json::value value = json::parse({text.data(), text.size()}, failure);
  if (!failure) return value;
  return json::string(text);
}

std::vector<std::string> not_ready_reasons(StoreCore& core, engine::Engine* engine) {
  std::vector<std::string> reasons;
  if (const Status serving = core.check_serving(); !serving.is_ok()) {
    reasons.push_back(serving.message());
  }
  if (engine != nullptr) {
    if (const Status fault = engine->background_error(); !fault.is_ok()) {
      reasons.push_back("writes are refused: " + fault.to_string());
    }
  }
  if (core.node != nullptr) {
    for (auto& reason : core.node->not_ready_reasons()) reasons.push_back(std::move(reason));
  }
  return reasons;
}

Result<json::value> health(StoreCore& core, engine::Engine*) {
  return json::value(json::object{{"status", "ok"}, {"state", state_name(core.state.load())}});
}

Result<json::value> ready(StoreCore& core, engine::Engine* engine) {
  const auto reasons = not_ready_reasons(core, engine);
  json::array list;
  for (const auto& reason : reasons) list.emplace_back(reason);
  return json::value(json::object{{"ready", reasons.empty()},
                                  {"state", state_name(core.state.load())},
                                  {"reasons", std::move(list)}});
}

json::object node_json(StoreCore& core) {
  json::object out;
  if (core.node != nullptr) {
    out["id"] = core.node->node_id();
    out["version"] = core.node->host_version();
  }
  out["state"] = state_name(core.state.load());
  out["uptime_seconds"] = (monotonic_ns() - core.opened_ns) / 1'000'000'000;
  return out;
}

json::object replication_json(StoreCore& core) {
  if (core.ordering == nullptr) return {{"strategy", "none"}};
  json::object out{{"strategy", core.ordering->name()}};
  const ReplicaFacts facts = core.ordering->facts();
  constexpr std::array<std::string_view, 5> kRoles = {"none", "leader", "follower", "candidate",
                                                      "learner"};
  if (facts.role < kRoles.size()) out["role"] = kRoles[facts.role];
  if (const auto leader = core.ordering->leader_hint()) out["leader"] = *leader;
  out["applied_index"] = facts.applied_index;
  out["durable_index"] = facts.durable_index;
  out["status"] = embedded(core.ordering->status());
  return out;
}

json::array transports_json(StoreCore& core) {
  json::array out;
  if (core.node == nullptr) return out;
  for (const auto& transport : core.node->transports()) {
    json::array addresses;
    for (const auto& address : transport.addresses) addresses.emplace_back(address);
    json::object one{{"name", transport.name}, {"addresses", std::move(addresses)}};
    if (!transport.info_json.empty()) one["info"] = embedded(transport.info_json);
    out.push_back(std::move(one));
  }
  return out;
}

Result<json::value> status(StoreCore& core, engine::Engine* engine) {
  json::object out{{"node", node_json(core)}};
  out["engine"] = engine == nullptr ? json::value(nullptr) : engine_summary(*engine);
  out["replication"] = replication_json(core);
  out["transports"] = transports_json(core);
  out["sessions"] = core.counters->sessions.load();
  out["pending_calls"] = core.pending.size();
  return json::value(std::move(out));
}

Status no_engine(StoreCore& core) {
  const Status serving = core.check_serving();
  return serving.is_ok() ? Status(StatusCode::STARTING, "the node has not opened its data yet")
                         : serving;
}

Result<json::value> stats(StoreCore& core, engine::Engine* engine) {
  if (engine == nullptr) return no_engine(core);
  return json::value(json::object{{"engine", statistics_json(engine->statistics())},
                                  {"store", counters_json(*core.counters)},
                                  {"pending_calls", core.pending.size()}});
}

Result<json::value> lsm(StoreCore& core, engine::Engine* engine) {
  if (engine == nullptr) return no_engine(core);
  json::object out = tree_json(engine->tree());
  out["memtable_bytes"] = engine->statistics().memtable_bytes;
  return json::value(std::move(out));
}

Result<json::value> plugins(StoreCore& core, engine::Engine*) {
  return core.node == nullptr ? json::value(json::array()) : embedded(core.node->plugins_json());
}

Result<json::value> config(StoreCore& core, engine::Engine*) {
  return core.node == nullptr ? json::value(json::object()) : embedded(core.node->config_json());
}

struct Section {
  std::string_view name;
  Result<json::value> (*tell)(StoreCore& core, engine::Engine* engine);
};
constexpr std::array<Section, 7> kSections = {{{"config", &config},
                                               {"health", &health},
                                               {"lsm", &lsm},
                                               {"plugins", &plugins},
                                               {"ready", &ready},
                                               {"stats", &stats},
                                               {"status", &status}}};

Result<json::value> tell(StoreCore& core, std::string_view name) {
  for (const auto& section : kSections) {
    if (section.name == name) return section.tell(core, core.engine.load());
  }
  std::string message = "no section \"" + std::string(name.substr(0, 100)) + "\"; there are";
  for (const auto& section : kSections) message += " " + std::string(section.name);
  return Status(StatusCode::UNKNOWN_ROUTE, std::move(message));
}

}  // namespace

int32_t tell_info(StoreCore& core, kvh_bytes section, kvh_bytes_sink sink, kvh_error* error) {
  const Result<json::value> told = tell(core, to_view(section));
  if (!told) return detail::write_status(error, told.error());
  detail::send(sink, json::serialize(*told));
  return KVH_OK;
}

}  // namespace kvhost::host
