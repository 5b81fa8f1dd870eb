// backup create, list, verify, restore.
#include <ctime>

#include "command_table.hpp"
#include "kvhost/engine/backup.hpp"
#include "kvhost/engine/clock.hpp"
#include "kvhost/engine/state_directory.hpp"
#include "text.hpp"
#include "verify_report.hpp"

namespace kvhost::kvctl {

namespace json = boost::json;

namespace {

std::string utc_text(uint64_t unix_ms, const char* format) {
  const auto seconds = static_cast<std::time_t>(unix_ms / 1000);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  char text[40];
  return {text, std::strftime(text, sizeof text, format, &parts)};
}

json::object info_json(const engine::BackupInfo& info) {
  return {{"name", info.name},
          {"created_at", utc_text(info.created_at_ms, "%Y-%m-%dT%H:%M:%SZ")},
          {"last_sequence", info.last_sequence},
          {"files", info.files.size()},
          {"bytes", info.bytes()}};
}

void show_info(Invocation& call, const std::string& path, const engine::BackupInfo& info) {
  json::object facts = info_json(info);
  facts["path"] = path;
  call.print("OK\n" + flat_text(facts), facts);
}

// The checkpoint that the node makes for this backup, as a path on this machine.
Result<std::string> ask_for_checkpoint(Invocation& call, const std::string& name) {
  KVHOST_TRY_ASSIGN(auto* const client, call.client());
  client::CallOptions options;
  options.timeout = call.has("timeout") ? call.timeout : std::chrono::milliseconds(600'000);
  KVHOST_TRY_ASSIGN(
      const auto text,
      client->command("checkpoint", json::serialize(json::object{{"name", name}}), options));
  boost::system::error_code failure;
  const json::value answer = json::parse(text, failure);
  const auto* const object = failure ? nullptr : answer.if_object();
  const auto* const path = object == nullptr ? nullptr : object->if_contains("path");
  if (path == nullptr || !path->is_string()) {
    return Status(StatusCode::PROTOCOL_ERROR, "the node does not say where its checkpoint is");
  }
  std::string directory(path->as_string());
  KVHOST_TRY_ASSIGN(const bool is_here, engine::posix_file_system().exists(directory));
  if (!is_here) {
    return Status(StatusCode::INVALID_ARGUMENT,
                  "the node has made the checkpoint " + directory +
                      ", which cannot be seen from here: run kvctl on the node's machine, or copy "
                      "it and use --from");
  }
  return directory;
}

// A checkpoint that has served is removed; files first, then its folders.
Status remove_checkpoint(const std::string& directory) {
  auto& files = engine::posix_file_system();
  for (const std::string& folder : {directory + "/tables", directory + "/wal", directory}) {
    KVHOST_TRY_ASSIGN(const bool there, files.exists(folder));
    if (!there) continue;
    KVHOST_TRY_ASSIGN(const auto names, files.list(folder));
    for (const std::string& name : names) KVHOST_TRY(files.remove(folder + "/" + name));
    KVHOST_TRY(files.remove_directory(folder));
  }
  return {};
}

}  // namespace

Status run_backup_create(Invocation& call) {
  auto& files = engine::posix_file_system();
  const std::string root = call.arguments[0];
  const uint64_t now_ms = engine::system_clock().wall_ms();
  const std::string name = call.option("name").value_or(utc_text(now_ms, "%Y%m%dT%H%M%SZ"));
  if (const Status fits = engine::check_backup_name(name); !fits) return call.usage(fits.message());
  if (const auto source = call.option("from")) {
    KVHOST_TRY_ASSIGN(const std::string database, engine::active_state_directory(files, *source));
    KVHOST_TRY_ASSIGN(const auto info, engine::create_backup(files, database, root, name, now_ms));
    show_info(call, root + "/" + name, info);
    return {};
  }
  KVHOST_TRY_ASSIGN(const bool is_taken, files.exists(root + "/" + name));
  if (is_taken) {
    return {StatusCode::CONFLICT, root + "/" + name + " exists already; choose another name"};
  }
  KVHOST_TRY_ASSIGN(const std::string checkpoint, ask_for_checkpoint(call, "for-backup-" + name));
  const auto info = engine::create_backup(files, checkpoint, root, name, now_ms);
  if (const Status removed = remove_checkpoint(checkpoint); !removed) {
    call.streams.err << "kvctl: the checkpoint " << checkpoint
                     << " stays behind: " << removed.message() << '\n';
  }
  if (!info) return info.error();
  show_info(call, root + "/" + name, *info);
  return {};
}

Status run_backup_list(Invocation& call) {
  KVHOST_TRY_ASSIGN(const auto entries,
                    engine::list_backups(engine::posix_file_system(), call.arguments[0]));
  json::array list;
  std::vector<std::vector<std::string>> rows = {{"NAME", "CREATED", "SEQUENCE", "FILES", "SIZE"}};
  for (const auto& entry : entries) {
    json::object one = info_json(entry.info);
    one["name"] = entry.name;
    if (!entry.status.is_ok()) one = {{"name", entry.name}, {"problem", entry.status.message()}};
    list.push_back(std::move(one));
    if (entry.status.is_ok()) {
      rows.push_back({entry.name, utc_text(entry.info.created_at_ms, "%Y-%m-%d %H:%M:%S UTC"),
                      std::to_string(entry.info.last_sequence),
                      std::to_string(entry.info.files.size()), human_bytes(entry.info.bytes())});
    } else {
      rows.push_back({entry.name, printable(entry.status.message())});
    }
  }
  if (call.format == Format::kJson) {
    call.streams.out << json::serialize(list) << '\n';
  } else {
    call.streams.out << table(rows);
  }
  return {};
}

Status run_backup_verify(Invocation& call) {
  KVHOST_TRY_ASSIGN(const auto report,
                    engine::verify_backup(engine::posix_file_system(), call.arguments[0]));
  return show_report(call, report, call.arguments[0]);
}

Status run_backup_restore(Invocation& call) {
  std::string target = call.arguments[1];
  while (target.size() > 1 && target.ends_with('/')) target.pop_back();
  KVHOST_TRY_ASSIGN(const auto info,
                    engine::restore_backup(engine::posix_file_system(), call.arguments[0], target));
  show_info(call, target, info);
  return {};
}

}  // namespace kvhost::kvctl
