#include "store/engine_json.hpp"

#include <string>
#include <string_view>

namespace kvhost::host {
namespace json = boost::json;

namespace {

using engine::DurationHistogram;
using engine::LevelStatistics;
using engine::Statistics;

std::string printable(std::string_view bytes) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string out;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x7F && c != '\\') {
      out.push_back(c);
    } else {
      out += "\\x";
      out.push_back(kHex[byte >> 4]);
      out.push_back(kHex[byte & 15]);
    }
  }
  return out;
}

// An upper bound of the quantile, seconds; 0 without observations.
double quantile(const DurationHistogram& histogram, double wanted) {
  const auto rank = static_cast<uint64_t>(wanted * static_cast<double>(histogram.count));
  uint64_t seen = 0;
  for (int i = 0; i < DurationHistogram::kBuckets; ++i) {
    seen += histogram.counts[static_cast<std::size_t>(i)];
    if (seen > rank) return DurationHistogram::bound_seconds(i);
  }
  return 0;
}

json::object duration_json(const DurationHistogram& histogram) {
  const double sum = static_cast<double>(histogram.sum_ns) / 1e9;
  return {{"count", histogram.count},
          {"mean_seconds", histogram.count == 0 ? 0 : sum / static_cast<double>(histogram.count)},
          {"p50_seconds", quantile(histogram, 0.5)},
          {"p99_seconds", quantile(histogram, 0.99)},
          {"p999_seconds", quantile(histogram, 0.999)}};
}

json::array levels_json(const std::vector<LevelStatistics>& levels) {
  json::array out;
  for (const auto& level : levels) {
    out.push_back(json::object{{"level", level.level},
                               {"runs", level.runs},
                               {"files", level.files},
                               {"bytes", level.bytes}});
  }
  return out;
}

json::object file_json(const engine::TreeFile& file) {
  return {{"id", file.view.id},
          {"bytes", file.view.bytes},
          {"smallest_key", printable(file.smallest_key)},
          {"largest_key", printable(file.largest_key)},
          {"min_sequence", file.view.min_sequence},
          {"max_sequence", file.view.max_sequence},
          {"entries", file.view.entries},
          {"tombstones", file.view.tombstones},
          {"range_deletes", file.view.range_deletes},
          {"ttl_entries", file.view.ttl_entries},
          {"created_at_ms", file.view.created_at_ms},
          {"busy", file.view.busy}};
}

// Null while no policy is quarantined.
json::value quarantine_json(const Statistics& all) {
  if (all.quarantined_policy.empty()) return nullptr;
  return json::object{{"policy", all.quarantined_policy}, {"reason", all.quarantine_reason}};
}

}  // namespace

json::value status_json(const Status& status) {
  if (status.is_ok()) return nullptr;
  return json::object{{"code", status.info().name},
                      {"message", status.message()},
                      {"remedy", status.info().remedy}};
}

json::object engine_summary(engine::Engine& engine) {
  const Statistics all = engine.statistics();
  return {{"background_error", status_json(engine.background_error())},
          {"version", all.last_sequence},
          {"now_ms", all.now_ms},
          {"memtable_bytes", all.memtable_bytes},
          {"immutable_memtables", all.immutable_memtables},
          {"wal_segments", all.wal_segments},
          {"block_cache_bytes", all.block_cache_bytes},
          {"tables", all.tables},
          {"table_bytes", all.table_bytes},
          {"levels", levels_json(all.levels)},
          {"compaction_policy", all.policy_name},
          {"quarantined_policy", quarantine_json(all)},
          {"pending_compaction_bytes", all.pending_compaction_bytes},
          {"write_amplification", all.write_amplification()}};
}

json::object statistics_json(const Statistics& all) {
  json::object out{{"gets", all.gets},
                   {"get_hits", all.get_hits},
                   {"puts", all.puts},
                   {"deletes", all.deletes},
                   {"range_deletes", all.range_deletes},
                   {"increments", all.increments},
                   {"batches", all.batches},
                   {"condition_failures", all.condition_failures},
                   {"iterators", all.iterators},
                   {"memtable_bytes", all.memtable_bytes},
                   {"memtable_entries", all.memtable_entries},
                   {"immutable_memtables", all.immutable_memtables},
                   {"block_cache_bytes", all.block_cache_bytes},
                   {"block_cache_capacity_bytes", all.block_cache_capacity_bytes},
                   {"filter_and_fence_bytes", all.filter_and_fence_bytes},
                   {"wal_bytes_written", all.wal_bytes_written},
                   {"wal_records", all.wal_records},
                   {"wal_syncs", all.wal_syncs},
                   {"wal_segments", all.wal_segments},
                   {"wal_sync_duration", duration_json(all.wal_sync_duration)},
                   {"levels", levels_json(all.levels)},
                   {"tables", all.tables},
                   {"table_bytes", all.table_bytes},
                   {"pending_compaction_bytes", all.pending_compaction_bytes},
                   {"snapshots", all.snapshots}};
  const json::object background{
      {"user_bytes_written", all.user_bytes_written},
      {"write_amplification", all.write_amplification()},
      {"flushes", all.flushes},
      {"flush_bytes_written", all.flush_bytes_written},
      {"compactions", all.compactions},
      {"compactions_failed", all.compactions_failed},
      {"compaction_bytes_read", all.compaction_bytes_read},
      {"compaction_bytes_written", all.compaction_bytes_written},
      {"entries_dropped_shadowed", all.entries_dropped_shadowed},
      {"entries_dropped_deleted", all.entries_dropped_deleted},
      {"entries_dropped_expired", all.entries_dropped_expired},
      {"entries_expired_reclaimed", all.entries_expired_reclaimed},
      {"expiry_lag_seconds", static_cast<double>(all.expiry_lag_ms) / 1e3},
      {"policy_faults", all.policy_faults},
      {"jobs_refused", all.jobs_refused},
      {"scrub_runs", all.scrub_runs},
      {"scrub_tables", all.scrub_tables},
      {"scrub_bytes", all.scrub_bytes},
      {"scrub_damaged_tables", all.scrub_damaged_tables},
      {"cache_hits", all.cache_hits},
      {"cache_misses", all.cache_misses},
      {"cache_evictions", all.cache_evictions},
      {"filter_useful", all.filter_useful},
      {"filter_passed", all.filter_passed},
      {"filter_false_positives", all.filter_false_positives},
      {"slowdown_debt_seconds", static_cast<double>(all.slowdown_debt_ns) / 1e9},
      {"stall_memtables_seconds", static_cast<double>(all.stall_memtables_ns) / 1e9},
      {"stall_no_space_seconds", static_cast<double>(all.stall_no_space_ns) / 1e9},
      {"version", all.last_sequence},
      {"now_ms", all.now_ms},
      {"compaction_policy", all.policy_name}};
  for (const auto& member : background) out.insert(member);
  return out;
}

json::object counters_json(const StoreCounters& counters) {
  json::object operations;
  for (std::size_t i = 0; i < kOperationKinds; ++i) {
    const auto kind = static_cast<OperationKind>(i);
    operations[operation_kind_name(kind)] = counters.operations(kind);
  }
  json::object requests;
  for (std::size_t i = 0; i < kRequestKinds; ++i) {
    const auto kind = static_cast<RequestKind>(i);
    json::object by_status;
    for (std::size_t code = 0; code < kStatusCodes; ++code) {
      const uint64_t count = counters.requests(kind, code);
      if (count != 0) by_status[kStatusTable[code].name] = count;
    }
    if (by_status.empty()) continue;
    requests[request_kind_name(kind)] = json::object{
        {"by_status", by_status}, {"duration", duration_json(counters.durations(kind))}};
  }
  return {{"operations", operations},
          {"requests", requests},
          {"sessions", counters.sessions.load()},
          {"snapshots", counters.snapshots.load()},
          {"cursors", counters.cursors.load()},
          {"in_flight_write_bytes", counters.in_flight_write_bytes.load()},
          {"duplicate_requests", counters.duplicate_requests.load()}};
}

json::object tree_json(const engine::TreeSnapshot& tree) {
  json::array runs;
  for (const auto& run : tree.runs) {
    json::array files;
    for (const auto& file : run.files) files.push_back(file_json(file));
    runs.push_back(json::object{
        {"id", run.id}, {"level", run.level}, {"bytes", run.bytes}, {"files", std::move(files)}});
  }
  return {{"policy", tree.policy_name},
          {"now_ms", tree.now_ms},
          {"version", tree.last_sequence},
          {"snapshots", tree.snapshots.size()},
          {"runs", std::move(runs)}};
}

}  // namespace kvhost::host
