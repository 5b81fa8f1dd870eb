#include "config/node_schema.hpp"

#include <cstdio>
#include <cstdlib>

#include "kvhost/abi/compaction.h"
#include "kvhost/abi/metrics.h"
#include "kvhost/abi/replication.h"
#include "kvhost/abi/transport.h"
#include "kvhost/options.hpp"

namespace kvhost::host {
namespace {

constexpr Option with_default(Option option, std::string_view text) {
  option.default_text = OptionText(text);
  return option;
}

constexpr auto kNodeOptions = kvhost::options(
    kvhost::string("id", "node1").doc("this node's name among its peers, and in logs"),
    kvhost::file_path("data_dir", "./data")
        .doc("where the data lies; relative paths are relative to this file"),
    kvhost::file_path("backup_dir", "./backups").doc("where checkpoints and backups go"),
    with_default(kvhost::strings("plugin_path"), "/usr/lib/kvhost/plugins")
        .doc("directories of plugins, searched beside the program's own ../lib/kvhost/plugins"),
    kvhost::duration("request_timeout", "5s")
        .min("1ms")
        .max("1h")
        .doc("a request without a deadline of its own gets this one"),
    kvhost::duration("drain_timeout", "10s")
        .min("0s")
        .max("1h")
        .reloadable()
        .doc("how long SIGTERM waits for requests under way"),
    kvhost::integer("io_threads", 2).min(1).max(256).doc("I/O threads of all transports together"),
    kvhost::choice("log_level", "info", "debug", "info", "warning", "error")
        .reloadable()
        .doc("the least important lines that are logged"),
    kvhost::choice("log_format", "text", "text", "json").doc("how lines are written to stderr"));

constexpr auto kEngineOptions = kvhost::options(
    kvhost::size("memory", "1GiB")
        .min("16MiB")
        .max("16TiB")
        .doc("one budget for memtables, block cache, filters and fences"),
    kvhost::size("memtable_size", "64MiB")
        .min("1MiB")
        .max("4GiB")
        .doc(
            "a memtable of this size is written to a table; at most half of memory (when it is not "
            "given: a quarter of memory, if that is less)"),
    kvhost::choice("wal_sync", "always", "always", "interval", "never")
        .doc("when a write is durable: before it is acknowledged, at most wal_sync_interval later, "
             "or when the kernel likes; ignored where the replication strategy keeps the log"),
    kvhost::duration("wal_sync_interval", "10ms")
        .min("1ms")
        .max("1h")
        .doc("the longest time that an acknowledged write waits for its sync (wal_sync = "
             "\"interval\")"),
    kvhost::size("wal_segment_size", "64MiB")
        .min("1MiB")
        .max("4GiB")
        .doc("the size of one file of the log, allocated ahead"),
    kvhost::choice("compression", "lz4", "none", "lz4", "zstd").doc("of blocks in tables"),
    kvhost::integer("compaction_workers", 1).min(1).max(64).doc("compactions at the same time"),
    kvhost::size("max_key_size", "64KiB").min("1B").max("1MiB").doc("longer keys are refused"),
    kvhost::size("max_value_size", "64MiB").min("1B").max("1GiB").doc("larger values are refused"));

constexpr auto kSecurityOptions = kvhost::options(
    kvhost::boolean("allow_insecure", false)
        .doc("allows listening beyond this machine although nobody is asked for credentials"));

constexpr auto kCompactionOptions = kvhost::options(
    kvhost::boolean("allow_lossy_drop", false)
        .doc("the owner of the data allows policies to drop live data, the oldest first, to stay "
             "within a size (time-window: max_size)"));

template <std::size_t N>
Schema make_schema(const char* name, const OptionList<N>& options) {
  // The rows are copied below; the table itself need not stay.
  const kvhost::detail::OptionTable table(options.items.data(), N);
  auto schema = read_schema(table.rows(), table.count(), sizeof(kvh_option), name);
  if (!schema) {
    std::fprintf(stderr, "kvhost: %s\n", schema.error().message().c_str());
    std::abort();
  }
  return std::move(*schema);
}

template <std::size_t N>
SectionSchema make_section(const char* name, const char* doc, const OptionList<N>& options) {
  return {name, doc, make_schema(name, options)};
}

[[noreturn]] void no_such_section(std::string_view name) {
  std::fprintf(stderr, "kvhost: there is no section [%.*s]\n", static_cast<int>(name.size()),
               name.data());
  std::abort();
}

}  // namespace

const std::vector<SectionSchema>& host_sections() {
  static const auto* const kSections = new std::vector<SectionSchema>{
      make_section("node", "The node itself.", kNodeOptions),
      make_section("engine", "The storage engine.", kEngineOptions),
      make_section("security",
                   "Who may do what. Tokens, access lists and TLS are not supported yet.",
                   kSecurityOptions),
  };
  return *kSections;
}

const Schema& section_schema(std::string_view name) {
  for (const auto& section : host_sections()) {
    if (section.name == name) return section.options;
  }
  no_such_section(name);
}

const std::vector<ComponentSection>& component_sections() {
  static const auto* const kSections = new std::vector<ComponentSection>{
      {"compaction", "Which sorted runs are merged, and when.", KVH_KIND_COMPACTION, false, false,
       make_schema("compaction", kCompactionOptions)},
      {"replication",
       "How writes are ordered and copied to other nodes; \"none\" = one node alone.",
       KVH_KIND_REPLICATION,
       false,
       true,
       {}},
      {"transport",
       "A protocol that clients speak; one section for each.",
       KVH_KIND_TRANSPORT,
       true,
       false,
       {}},
      {"metrics",
       "Shows the node's metrics to a monitoring system; \"none\" = nobody.",
       KVH_KIND_EXPORTER,
       false,
       true,
       {}},
  };
  return *kSections;
}

const ComponentSection& component_section(std::string_view name) {
  for (const auto& section : component_sections()) {
    if (section.name == name) return section;
  }
  no_such_section(name);
}

const std::vector<std::string>& reserved_security_keys() {
  static const auto* const kKeys =
      new std::vector<std::string>{"acl",     "token_file",    "tokens",
                                   "users",   "tls",           "tls_cert",
                                   "tls_key", "tls_client_ca", "require_authentication"};
  return *kKeys;
}

}  // namespace kvhost::host
