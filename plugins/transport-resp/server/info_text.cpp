#include "server/info_text.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <string_view>

#include "command/table.hpp"

namespace kvhost::resp {

namespace {

void add(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(":").append(value).append("\r\n");
}
void add(std::string& out, std::string_view name, uint64_t value) {
  add(out, name, std::to_string(value));
}

uint64_t resident_bytes() {
  std::ifstream file("/proc/self/statm");
  uint64_t total = 0;
  uint64_t resident = 0;
  file >> total >> resident;
  return resident * static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
}

std::string human(uint64_t bytes) {
  char text[32];
  const double mib = static_cast<double>(bytes) / (1 << 20);
  std::snprintf(text, sizeof text, mib >= 1024 ? "%.2fG" : "%.2fM", mib >= 1024 ? mib / 1024 : mib);
  return text;
}

std::string seconds(const timeval& time) {
  char text[32];
  std::snprintf(text, sizeof text, "%ld.%06ld", static_cast<long>(time.tv_sec),
                static_cast<long>(time.tv_usec));
  return text;
}

void server_section(const Server& server, const KeyspaceCounts&, std::string& out) {
  const uint64_t up = (steady_ns() - server.started_ns) / 1'000'000'000;
  add(out, "redis_version", kRedisVersion);
  add(out, "redis_git_sha1", "00000000");
  add(out, "redis_git_dirty", "0");
  add(out, "redis_build_id", "0");
  add(out, "redis_mode", "standalone");
  add(out, "kvhost_version", server.node.host_version);
  add(out, "node_id", server.node.node_id);
  add(out, "os", "Linux");
  add(out, "arch_bits", "64");
  add(out, "multiplexing_api", "epoll");
  add(out, "process_id", static_cast<uint64_t>(::getpid()));
  add(out, "run_id", server.run_id);
  add(out, "tcp_port", server.port.load());
  add(out, "server_time_usec", unix_us());
  add(out, "uptime_in_seconds", up);
  add(out, "uptime_in_days", up / 86'400);
  add(out, "hz", "10");
  add(out, "io_threads_active", server.node.io_threads > 1 ? 1 : 0);
}

void clients_section(const Server& server, const KeyspaceCounts&, std::string& out) {
  add(out, "connected_clients", server.clients.count());
  add(out, "cluster_connections", "0");
  add(out, "maxclients", server.settings.max_clients.load());
  add(out, "client_recent_max_input_buffer", "0");
  add(out, "client_recent_max_output_buffer", "0");
  add(out, "blocked_clients", server.counters.blocked_clients.load());
  add(out, "tracking_clients", "0");
  add(out, "clients_in_timeout_table", "0");
}

void memory_section(const Server&, const KeyspaceCounts&, std::string& out) {
  const uint64_t bytes = resident_bytes();
  add(out, "used_memory", bytes);
  add(out, "used_memory_human", human(bytes));
  add(out, "used_memory_rss", bytes);
  add(out, "used_memory_rss_human", human(bytes));
  add(out, "used_memory_peak", bytes);
  add(out, "used_memory_peak_human", human(bytes));
  add(out, "used_memory_lua", "0");
  add(out, "maxmemory", "0");
  add(out, "maxmemory_human", "0B");
  add(out, "maxmemory_policy", "noeviction");
  add(out, "mem_fragmentation_ratio", "1.00");
  add(out, "mem_allocator", "libc");
}

void persistence_section(const Server& server, const KeyspaceCounts&, std::string& out) {
  add(out, "loading", "0");
  add(out, "async_loading", "0");
  add(out, "rdb_changes_since_last_save", "0");
  add(out, "rdb_bgsave_in_progress", "0");
  add(out, "rdb_last_save_time", server.started_unix_s);
  add(out, "rdb_last_bgsave_status", "ok");
  add(out, "aof_enabled", "1");
  add(out, "aof_rewrite_in_progress", "0");
  add(out, "aof_last_write_status", "ok");
}

void stats_section(const Server& server, const KeyspaceCounts&, std::string& out) {
  const ServerCounters& counters = server.counters;
  add(out, "total_connections_received", counters.connections.load());
  add(out, "total_commands_processed", counters.commands.load());
  add(out, "instantaneous_ops_per_sec", "0");
  add(out, "total_net_input_bytes", counters.input_bytes.load());
  add(out, "total_net_output_bytes", counters.output_bytes.load());
  add(out, "rejected_connections", counters.refused_connections.load());
  add(out, "expired_keys", "0");
  add(out, "evicted_keys", "0");
  add(out, "keyspace_hits", counters.hits.load());
  add(out, "keyspace_misses", counters.misses.load());
  add(out, "pubsub_channels", "0");
  add(out, "pubsub_patterns", "0");
  add(out, "latest_fork_usec", "0");
  add(out, "total_error_replies", counters.errors.load());
  add(out, "client_output_buffer_limit_disconnections", counters.output_limit_closes.load());
  add(out, "conditional_retries", counters.retries.load());
}

void replication_section(const Server& server, const KeyspaceCounts&, std::string& out) {
  add(out, "role", "master");
  add(out, "connected_slaves", "0");
  add(out, "master_failover_state", "no-failover");
  add(out, "master_replid", server.run_id);
  add(out, "master_replid2", std::string(40, '0'));
  add(out, "master_repl_offset", "0");
  add(out, "second_repl_offset", "-1");
  add(out, "repl_backlog_active", "0");
}

void cpu_section(const Server&, const KeyspaceCounts&, std::string& out) {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  add(out, "used_cpu_sys", seconds(usage.ru_stime));
  add(out, "used_cpu_user", seconds(usage.ru_utime));
}

void commands_section(const Server& server, const KeyspaceCounts&, std::string& out) {
  for (const Command* const command : all_commands()) {
    const uint64_t calls = server.calls[command->index].load();
    if (calls == 0) continue;
    out.append("cmdstat_").append(command->full_name);
    out.append(":calls=").append(std::to_string(calls));
    out.append(",usec=0,usec_per_call=0.00,rejected_calls=0,failed_calls=0\r\n");
  }
}

void modules_section(const Server&, const KeyspaceCounts&, std::string&) {}

void cluster_section(const Server&, const KeyspaceCounts&, std::string& out) {
  add(out, "cluster_enabled", "0");
}

void keyspace_section(const Server&, const KeyspaceCounts& counts, std::string& out) {
  for (uint32_t space = 0; space < kDatabases; ++space) {
    if (counts[space].keys == 0) continue;
    out.append("db").append(std::to_string(space));
    out.append(":keys=").append(std::to_string(counts[space].keys));
    out.append(",expires=").append(std::to_string(counts[space].ends));
    out.append(",avg_ttl=0\r\n");
  }
}

struct Section {
  std::string_view name;
  std::string_view title;
  bool is_usual;
  void (*write)(const Server&, const KeyspaceCounts&, std::string&);
};
constexpr Section kSections[] = {{"server", "Server", true, &server_section},
                                 {"clients", "Clients", true, &clients_section},
                                 {"memory", "Memory", true, &memory_section},
                                 {"persistence", "Persistence", true, &persistence_section},
                                 {"stats", "Stats", true, &stats_section},
                                 {"replication", "Replication", true, &replication_section},
                                 {"cpu", "CPU", true, &cpu_section},
                                 {"modules", "Modules", true, &modules_section},
                                 {"commandstats", "Commandstats", false, &commands_section},
                                 {"cluster", "Cluster", true, &cluster_section},
                                 {"keyspace", "Keyspace", true, &keyspace_section}};

bool wants(const std::vector<std::string>& sections, const Section& section) {
  if (sections.empty()) return section.is_usual;
  return std::any_of(sections.begin(), sections.end(), [&](const std::string& name) {
    if (name == section.name || name == "all" || name == "everything") return true;
    return name == "default" && section.is_usual;
  });
}

}  // namespace

bool wants_keyspace(const std::vector<std::string>& sections) {
  return wants(sections, kSections[std::size(kSections) - 1]);
}

std::string info_text(const Server& server, const std::vector<std::string>& sections,
                      const KeyspaceCounts& keyspace) {
  std::string out;
  for (const Section& section : kSections) {
    if (!wants(sections, section)) continue;
    if (!out.empty()) out.append("\r\n");
    out.append("# ").append(section.title).append("\r\n");
    section.write(server, keyspace, out);
  }
  return out;
}

}  // namespace kvhost::resp
