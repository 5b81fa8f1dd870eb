// doctor: what is wrong with a node, in the order in which one would look, and what to do about it.
#include <string>
#include <vector>

#include "command_table.hpp"
#include "text.hpp"

namespace kvhost::kvctl {

namespace json = boost::json;

namespace {

struct Finding {
  std::string check;
  std::string found;
  std::string remedy;  // empty: all is well
};

const json::value* member_of(const json::value& from, std::initializer_list<const char*> path) {
  const json::value* at = &from;
  for (const char* const name : path) {
    at = at->is_object() ? at->get_object().if_contains(name) : nullptr;
    if (at == nullptr) return nullptr;
  }
  return at;
}

double number_at(const json::value& from, std::initializer_list<const char*> path) {
  const json::value* const value = member_of(from, path);
  if (value == nullptr || !value->is_number()) return 0;
  boost::system::error_code failure;
  return value->to_number<double>(failure);
}

std::string text_at(const json::value& from, std::initializer_list<const char*> path) {
  const json::value* const value = member_of(from, path);
  if (value == nullptr || value->is_null()) return {};
  return value->is_string() ? std::string(value->get_string()) : json::serialize(*value);
}

class Examination {
 public:
  explicit Examination(Invocation& call) : call_(call) {}

  Status run() {
    KVHOST_TRY_ASSIGN(const auto ready, ask("ready"));
    KVHOST_TRY_ASSIGN(const auto status, ask("status"));
    KVHOST_TRY_ASSIGN(const auto stats, ask("stats"));
    KVHOST_TRY_ASSIGN(const auto plugins, ask("plugins"));
    add("connection", "answers", {});
    look_at_readiness(ready);
    look_at_writes(status, stats);
    look_at_data(stats);
    look_at_compaction(status, stats);
    look_at_replication(status);
    look_at_plugins(plugins);
    return {};
  }
  const std::vector<Finding>& findings() const { return findings_; }

 private:
  // A section that this node does not have is an empty one.
  Result<json::value> ask(std::string_view section) {
    KVHOST_TRY_ASSIGN(auto* const client, call_.client());
    const auto text = client->info(section);
    if (!text && text.error().code() == StatusCode::UNKNOWN_ROUTE) return json::value();
    if (!text) return text.error();
    boost::system::error_code failure;
    json::value value = json::parse(*text, failure);
    if (!failure) return value;
    return Status(StatusCode::PROTOCOL_ERROR, "the node's answer is no JSON: " + failure.message());
  }
  void add(std::string check, std::string found, std::string remedy) {
    findings_.push_back({std::move(check), std::move(found), std::move(remedy)});
  }
  // `count` of something that should not be there.
  void add_count(std::string check, double count, std::string_view of, std::string remedy) {
    add(std::move(check), std::to_string(static_cast<uint64_t>(count)) + " " + std::string(of),
        count > 0 ? std::move(remedy) : std::string());
  }

  void look_at_readiness(const json::value& ready) {
    const json::value* const is_ready = member_of(ready, {"ready"});
    if (is_ready != nullptr && is_ready->is_bool() && is_ready->get_bool()) {
      return add("readiness", "ready", {});
    }
    add("readiness", "not ready: " + text_at(ready, {"reasons"}),
        "wait if it is starting; otherwise see the node's log");
  }
  void look_at_writes(const json::value& status, const json::value& stats) {
    const std::string error = text_at(status, {"engine", "background_error"});
    add("writes", error.empty() ? "taken" : "refused: " + error,
        error.empty() ? "" : "mend the cause, then run: kvctl resume");
    const double stalled = number_at(stats, {"engine", "stall_memtables_seconds"}) +
                           number_at(stats, {"engine", "stall_no_space_seconds"});
    add_count("stalls", stalled, "seconds since the start",
              "compaction or the disk does not keep up: see kvctl stats --watch, and kvctl lsm");
  }
  void look_at_data(const json::value& stats) {
    add_count("damage", number_at(stats, {"engine", "scrub_damaged_tables"}),
              "damaged tables found by scrubbing",
              "restore from a backup or another node, or stop the node and run: kvctl repair");
    add_count("jobs", number_at(stats, {"engine", "compactions_failed"}), "compactions failed",
              "see the node's log for the cause");
  }
  void look_at_compaction(const json::value& status, const json::value& stats) {
    const std::string policy = text_at(status, {"engine", "quarantined_policy"});
    add("policy", policy.empty() ? "at work" : policy + " is quarantined; the built-in decides",
        policy.empty() ? "" : "see the log for its fault, then run: kvctl compaction use NAME");
    add_count("plans", number_at(stats, {"engine", "jobs_refused"}), "jobs of policies refused",
              "the policy has a fault: run kvctl plugin validate on its file");
  }
  void look_at_replication(const json::value& status) {
    const std::string strategy = text_at(status, {"replication", "strategy"});
    if (strategy.empty() || strategy == "none") return;
    const json::value* const peers = member_of(status, {"replication", "peers"});
    if (peers == nullptr || !peers->is_array()) return add("peers", "not told by " + strategy, {});
    std::string away;
    for (const auto& peer : peers->get_array()) {
      const json::value* const connected = member_of(peer, {"connected"});
      if (connected == nullptr || !connected->is_bool() || connected->get_bool()) continue;
      away += (away.empty() ? "" : ", ") + text_at(peer, {"id"});
    }
    add("peers", away.empty() ? "all connected" : "not connected: " + away,
        away.empty() ? "" : "check that they run and can be reached; see kvctl cluster status");
  }
  void look_at_plugins(const json::value& plugins) {
    const json::value* const list = member_of(plugins, {"plugins"});
    std::string failed;
    if (list != nullptr && list->is_array()) {
      for (const auto& plugin : list->get_array()) {
        if (text_at(plugin, {"state"}) != "failed") continue;
        failed += (failed.empty() ? "" : ", ") + text_at(plugin, {"file"});
      }
    }
    add("plugins", failed.empty() ? "none failed" : "failed: " + failed,
        failed.empty() ? "" : "run kvctl plugin inspect on each");
  }

  Invocation& call_;
  std::vector<Finding> findings_;
};

}  // namespace

Status run_doctor(Invocation& call) {
  Examination examination(call);
  KVHOST_TRY(examination.run());
  std::size_t wrong = 0;
  json::array list;
  std::vector<std::vector<std::string>> rows = {{"", "CHECK", "FOUND", "WHAT TO DO"}};
  for (const auto& [check, found, remedy] : examination.findings()) {
    wrong += remedy.empty() ? 0 : 1;
    list.push_back(json::object{
        {"check", check}, {"ok", remedy.empty()}, {"found", found}, {"remedy", remedy}});
    rows.push_back({remedy.empty() ? "ok" : "!!", check, found, remedy});
  }
  if (call.format == Format::kJson) {
    call.streams.out << json::serialize(json::object{{"healthy", wrong == 0}, {"findings", list}})
                     << '\n';
  } else {
    call.streams.out << table(rows);
  }
  call.special_exit = wrong == 0 ? 0 : 1;
  return {};
}

// Reserved names: scripts that use them learn what does instead.
Status run_watch(Invocation&) {
  return {StatusCode::NOT_SUPPORTED,
          "watch is not supported yet; poll with scan, whose versions tell what has changed"};
}

Status run_plugin_reload(Invocation& call) {
  return {
      StatusCode::NOT_SUPPORTED,
      "plugin reload " + call.arguments[0] +
          " is not supported yet: a library that is loaded stays. Restart the node, or give the "
          "new policy another name and run: kvctl compaction use NAME"};
}

}  // namespace kvhost::kvctl
