// Every command of kvctl, once: parsing, help, completion and the reference page come from here.
//
// Threads:   constant data.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "invocation.hpp"

namespace kvhost::kvctl {

struct OptionSpec {
  std::string_view name;   // without dashes
  std::string_view value;  // what follows it; empty for a flag
  std::string_view doc;
};

struct CommandSpec {
  std::string_view group;
  std::string_view name;       // "put", "plugin list"
  std::string_view arguments;  // "KEY VALUE"
  std::string_view summary;
  std::size_t min_arguments = 0;
  std::size_t max_arguments = 0;
  std::vector<OptionSpec> options;
  Status (*run)(Invocation&) = nullptr;
  std::string_view details = {};  // for the help of the command
};

const std::vector<CommandSpec>& command_table();
const std::vector<OptionSpec>& global_options();

// `kvctl put KEY VALUE [--ttl DURATION] …`
std::string usage_line(const CommandSpec& command);
std::string help_text();
std::string help_text(const CommandSpec& command);
// docs/reference/kvctl.md
std::string reference_page();
// A script for the shell, or nothing for a shell that is not known.
std::string completion_script(std::string_view shell);
// The known name nearest to `wrong`; empty when none is near.
std::string nearest(std::string_view wrong, const std::vector<std::string>& known);

// The commands.
Status run_put(Invocation&);
Status run_get(Invocation&);
Status run_delete(Invocation&);
Status run_scan(Invocation&);
Status run_incr(Invocation&);
Status run_batch(Invocation&);
Status run_import(Invocation&);
Status run_export(Invocation&);
Status run_status(Invocation&);
Status run_health(Invocation&);
Status run_stats(Invocation&);
Status run_doctor(Invocation&);
Status run_watch(Invocation&);
Status run_plugin_reload(Invocation&);
Status run_lsm(Invocation&);
Status run_flush(Invocation&);
Status run_compact(Invocation&);
Status run_compaction_use(Invocation&);
Status run_resume(Invocation&);
Status run_scrub(Invocation&);
Status run_cluster_status(Invocation&);
Status run_cluster_check(Invocation&);
Status run_cluster_promote(Invocation&);
Status run_cluster_transfer_leader(Invocation&);
Status run_cluster_add(Invocation&);
Status run_cluster_remove(Invocation&);
Status run_checkpoint(Invocation&);
Status run_backup_create(Invocation&);
Status run_backup_list(Invocation&);
Status run_backup_verify(Invocation&);
Status run_backup_restore(Invocation&);
Status run_verify(Invocation&);
Status run_repair(Invocation&);
Status run_config_check(Invocation&);
Status run_inspect_wal(Invocation&);
Status run_inspect_sst(Invocation&);
Status run_inspect_manifest(Invocation&);
Status run_plugin_list(Invocation&);
Status run_plugin_inspect(Invocation&);
Status run_plugin_schema(Invocation&);
Status run_plugin_validate(Invocation&);
Status run_plugin_new(Invocation&);
Status run_bench(Invocation&);
Status run_completion(Invocation&);
Status run_help(Invocation&);

}  // namespace kvhost::kvctl
