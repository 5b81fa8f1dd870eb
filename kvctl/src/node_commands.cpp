// status, health, stats and the administrator's commands.
#include <condition_variable>
#include <map>
#include <mutex>

#include "command_table.hpp"
#include "lsm_picture.hpp"
#include "text.hpp"

namespace kvhost::kvctl {

namespace json = boost::json;

namespace {

Result<json::value> ask(Invocation& call, std::string_view section) {
  KVHOST_TRY_ASSIGN(auto* const client, call.client());
  KVHOST_TRY_ASSIGN(const auto text, client->info(section));
  boost::system::error_code failure;
  json::value value = json::parse(text, failure);
  if (failure) {
    return Status(StatusCode::PROTOCOL_ERROR, "the node's answer is no JSON: " + failure.message());
  }
  return value;
}

void show(Invocation& call, const json::value& value) {
  if (call.format == Format::kJson) {
    call.streams.out << json::serialize(value) << '\n';
  } else if (call.format == Format::kTable) {
    auto rows = flatten(value);
    rows.insert(rows.begin(), {"NAME", "VALUE"});
    call.streams.out << table(rows);
  } else {
    call.streams.out << flat_text(value);
  }
}

// A command of the node's; prints its answer.
Status order(Invocation& call, std::string_view name, const json::object& arguments) {
  KVHOST_TRY_ASSIGN(auto* const client, call.client());
  client::CallOptions options;
  // Work on the disk takes its time: only --timeout shortens it.
  options.timeout = call.has("timeout") ? call.timeout : std::chrono::milliseconds(600'000);
  KVHOST_TRY_ASSIGN(const auto text, client->command(name, json::serialize(arguments), options));
  boost::system::error_code failure;
  json::value answer = json::parse(text, failure);
  if (failure || !answer.is_object()) answer = json::object();
  if (call.format == Format::kText) {
    call.streams.out << "OK\n";
    auto& members = answer.get_object();
    members.stable_erase("command");
    members.stable_erase("done");
    if (!members.empty()) call.streams.out << flat_text(answer);
  } else {
    show(call, answer);
  }
  return {};
}

std::map<std::string, double> numbers_of(const json::value& value) {
  std::map<std::string, double> numbers;
  for (const auto& row : flatten(value)) {
    char* end = nullptr;
    const double number = std::strtod(row[1].c_str(), &end);
    if (end != row[1].c_str() && *end == '\0') numbers[row[0]] = number;
  }
  return numbers;
}

// What changed since the last look, as "name: now (+per second)".
void show_changes(Invocation& call, const json::value& value,
                  const std::map<std::string, double>& before, double seconds) {
  for (const auto& row : flatten(value)) {
    const auto old = before.find(row[0]);
    const double number = std::strtod(row[1].c_str(), nullptr);
    if (old == before.end() || old->second == number) continue;
    call.streams.out << row[0] << ": " << row[1] << " (" << (number >= old->second ? "+" : "")
                     << static_cast<int64_t>((number - old->second) / seconds) << "/s)\n";
  }
  call.streams.out << '\n' << std::flush;
}

Status watch_stats(Invocation& call) {
  KVHOST_TRY_ASSIGN(const auto interval, call.duration_option("interval"));
  KVHOST_TRY_ASSIGN(const auto count, call.integer_option("count"));
  const auto pause = interval.value_or(std::chrono::milliseconds(1000));
  std::mutex mutex;
  std::condition_variable never;
  std::map<std::string, double> before;
  for (int64_t i = 0; !count || i < *count; ++i) {
    if (i != 0) {
      std::unique_lock lock(mutex);
      never.wait_for(lock, pause);
    }
    KVHOST_TRY_ASSIGN(const auto value, ask(call, "stats"));
    if (call.format == Format::kJson || i == 0) {
      show(call, value);
      call.streams.out << std::flush;
    } else {
      show_changes(call, value, before, std::chrono::duration<double>(pause).count());
    }
    before = numbers_of(value);
    if (!call.streams.out) return {StatusCode::IO_ERROR, "stdout cannot be written"};
  }
  return {};
}

}  // namespace

Status run_status(Invocation& call) {
  KVHOST_TRY_ASSIGN(const auto value, ask(call, "status"));
  show(call, value);
  return {};
}

Status run_health(Invocation& call) {
  KVHOST_TRY_ASSIGN(const auto ready, ask(call, "ready"));
  const auto* const is_ready =
      ready.is_object() ? ready.get_object().if_contains("ready") : nullptr;
  const bool serves = is_ready != nullptr && is_ready->is_bool() && is_ready->get_bool();
  if (call.format != Format::kText) {
    show(call, ready);
  } else {
    call.streams.out << (serves ? "ready\n" : "not ready\n");
  }
  if (serves) return {};
  std::string reasons;
  if (const auto* list = ready.is_object() ? ready.get_object().if_contains("reasons") : nullptr;
      list != nullptr && list->is_array()) {
    for (const auto& reason : list->get_array()) {
      if (!reason.is_string()) continue;
      reasons += (reasons.empty() ? "" : "; ") + std::string(reason.get_string());
    }
  }
  if (call.format == Format::kText && !reasons.empty()) call.streams.out << reasons << '\n';
  call.special_exit = 1;
  return {};
}

Status run_stats(Invocation& call) {
  if (call.has("watch")) return watch_stats(call);
  if (call.has("interval") || call.has("count")) {
    return call.usage("--interval and --count go with --watch");
  }
  KVHOST_TRY_ASSIGN(const auto value, ask(call, "stats"));
  show(call, value);
  return {};
}

Status run_lsm(Invocation& call) {
  KVHOST_TRY_ASSIGN(const auto value, ask(call, "lsm"));
  if (call.format == Format::kText) {
    call.streams.out << lsm_picture(value);
  } else {
    show(call, value);
  }
  return {};
}

Status run_flush(Invocation& call) { return order(call, "flush", {}); }

Status run_compact(Invocation& call) {
  json::object arguments;
  if (call.has("range")) {
    const auto end = call.option("range.2");
    if (!end) return call.usage("--range needs two keys: A, inclusive, and B, exclusive");
    put_bytes(arguments, "start", *call.option("range"));
    put_bytes(arguments, "end", *end);
  }
  return order(call, "compact", arguments);
}

Status run_compaction_use(Invocation& call) {
  json::object arguments{{"name", call.arguments[0]}};
  if (const auto options = call.option("options")) arguments["options"] = *options;
  return order(call, "compaction-use", arguments);
}

Status run_resume(Invocation& call) { return order(call, "resume", {}); }

Status run_checkpoint(Invocation& call) {
  const std::string& name = call.arguments[0];
  const std::string framed = "/" + name + "/";
  if (name.empty() || name[0] == '/' || framed.find("/../") != std::string::npos) {
    return call.usage("checkpoint: NAME must be a relative path without \"..\", found \"" + name +
                      "\"");
  }
  return order(call, "checkpoint", {{"name", name}});
}

}  // namespace kvhost::kvctl
