#include "store/admin_commands.hpp"

#include <array>
#include <boost/json.hpp>
#include <filesystem>
#include <system_error>
#include <utility>

#include "store/command_arguments.hpp"
#include "store/store_core.hpp"

namespace kvhost::host {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

using Answer = Result<json::object>;

Answer flush(CommandScope scope, std::string_view text) {
  KVHOST_TRY_ASSIGN(const auto arguments, CommandArguments::parse("flush", text, {}));
  KVHOST_TRY(scope.engine.flush());
  return json::object{{"version", scope.engine.last_sequence()}};
}

Answer sync(CommandScope scope, std::string_view text) {
  KVHOST_TRY_ASSIGN(const auto arguments, CommandArguments::parse("sync", text, {}));
  KVHOST_TRY(scope.engine.sync_wal());
  return json::object{};
}

Answer resume(CommandScope scope, std::string_view text) {
  KVHOST_TRY_ASSIGN(const auto arguments, CommandArguments::parse("resume", text, {}));
  KVHOST_TRY(scope.engine.resume());
  return json::object{};
}

Answer compact(CommandScope scope, std::string_view text) {
  KVHOST_TRY_ASSIGN(const auto arguments,
                    CommandArguments::parse(
                        "compact", text, {"start", "start_base64", "end", "end_base64", "space"}));
  KVHOST_TRY_ASSIGN(auto start, arguments.bytes("start"));
  KVHOST_TRY_ASSIGN(auto end, arguments.bytes("end"));
  KVHOST_TRY_ASSIGN(const uint64_t space, arguments.number("space", 0, kClientSpaces - 1));
  std::optional<engine::Range> range;
  if (start || end || space != 0) {
    range = engine::Range{static_cast<uint32_t>(space), start.value_or(""), std::move(end)};
  }
  const uint64_t before = scope.engine.statistics().table_bytes;
  KVHOST_TRY(scope.engine.compact(range));
  return json::object{{"table_bytes_before", before},
                      {"table_bytes_after", scope.engine.statistics().table_bytes}};
}

// A relative path without "..", so that it stays below backup_dir.
Status check_checkpoint_name(const std::string& name) {
  const fs::path path(name);
  bool inside = path.is_relative() && name.find('\0') == std::string::npos && name.back() != '/';
  for (const auto& part : path) inside = inside && part != ".." && part != ".";
  if (inside) return {};
  return {StatusCode::INVALID_ARGUMENT,
          "checkpoint: \"" + name +
              "\" is no name of a checkpoint; give a relative path without \"..\", it is made "
              "under [node] backup_dir"};
}

Answer checkpoint(CommandScope scope, std::string_view text) {
  KVHOST_TRY_ASSIGN(const auto arguments, CommandArguments::parse("checkpoint", text, {"name"}));
  KVHOST_TRY_ASSIGN(const std::string name, arguments.required_text("name"));
  KVHOST_TRY(check_checkpoint_name(name));
  if (scope.core.settings.backup_dir.empty()) {
    return Status(StatusCode::NOT_SUPPORTED, "checkpoint: this node has no [node] backup_dir");
  }
  const fs::path target = fs::path(scope.core.settings.backup_dir) / name;
  std::error_code failure;
  if (fs::exists(fs::symlink_status(target, failure))) {
    return Status(StatusCode::CONFLICT,
                  "checkpoint: " + target.string() + " exists already; choose another name");
  }
  fs::create_directories(target.parent_path(), failure);
  if (failure) {
    return Status(StatusCode::IO_ERROR,
                  "checkpoint: making " + target.parent_path().string() + ": " + failure.message());
  }
  KVHOST_TRY(scope.engine.checkpoint(target.string()));
  return json::object{{"path", target.string()}};
}

// Names the damaged tables; the findings in full are in the log.
Answer scrub(CommandScope scope, std::string_view text) {
  KVHOST_TRY_ASSIGN(const auto arguments,
                    CommandArguments::parse("scrub", text, {"mib_per_second"}));
  KVHOST_TRY_ASSIGN(const uint64_t rate, arguments.number("mib_per_second", 32, 1u << 20));
  engine::ScrubOptions options;
  options.bytes_per_second = rate << 20;
  KVHOST_TRY_ASSIGN(const auto report, scope.engine.scrub(options));
  json::array damaged;
  for (const auto& one : report.damage) {
    damaged.push_back(json::object{{"file", one.file}, {"problem", one.problem}});
  }
  return json::object{
      {"tables", report.tables}, {"bytes", report.bytes}, {"damaged", std::move(damaged)}};
}

Answer use_compaction(CommandScope scope, std::string_view text) {
  KVHOST_TRY_ASSIGN(const auto arguments,
                    CommandArguments::parse("compaction-use", text, {"name", "options"}));
  KVHOST_TRY_ASSIGN(const std::string name, arguments.required_text("name"));
  KVHOST_TRY_ASSIGN(const auto options, arguments.text("options"));
  if (scope.core.node == nullptr) {
    return Status(StatusCode::NOT_SUPPORTED, "compaction-use: there is no node to ask");
  }
  KVHOST_TRY(scope.core.node->use_compaction(name, options.value_or("")));
  return json::object{{"policy", scope.engine.statistics().policy_name}};
}

struct Command {
  std::string_view name;
  Answer (*run)(CommandScope scope, std::string_view arguments);
};
constexpr std::array<Command, 7> kCommands = {{{"checkpoint", &checkpoint},
                                               {"compact", &compact},
                                               {"compaction-use", &use_compaction},
                                               {"flush", &flush},
                                               {"resume", &resume},
                                               {"scrub", &scrub},
                                               {"sync", &sync}}};

const Command* find_command(std::string_view name) {
  for (const auto& command : kCommands) {
    if (command.name == name) return &command;
  }
  return nullptr;
}

}  // namespace

bool is_admin_command(std::string_view name) { return find_command(name) != nullptr; }

Status unknown_command(std::string_view name, bool has_strategy) {
  std::string message = "no command \"" + std::string(name.substr(0, 100)) + "\"; there are";
  for (const auto& command : kCommands) message += " " + std::string(command.name);
  message += has_strategy
                 ? ", and " + std::string(kClusterPrefix) + "… for the replication strategy"
                 : std::string();
  return {StatusCode::UNKNOWN_ROUTE, std::move(message)};
}

Result<std::string> run_admin_command(CommandScope scope, std::string_view name,
                                      std::string_view arguments) {
  const uint64_t started = monotonic_ns();
  KVHOST_TRY_ASSIGN(json::object answer, find_command(name)->run(scope, arguments));
  json::object whole;
  whole["command"] = json::string_view(name.data(), name.size());
  whole["seconds"] = static_cast<double>(monotonic_ns() - started) / 1e9;
  for (auto& member : answer) whole[member.key()] = std::move(member.value());
  return json::serialize(whole);
}

}  // namespace kvhost::host
