#include "metrics/engine_metrics.hpp"

#include <string>
#include <utility>

#include "kvhost/engine/statistics.hpp"
#include "metrics/metrics_registry.hpp"

namespace kvhost::host {
namespace {

using engine::DurationHistogram;
using engine::Statistics;

constexpr MetricType kCounter = MetricType::kCounter;
constexpr MetricType kGauge = MetricType::kGauge;

double seconds(uint64_t ns) { return static_cast<double>(ns) / 1e9; }
double number(uint64_t value) { return static_cast<double>(value); }

MetricFamily& family(std::vector<MetricFamily>& out, MetricType type, const char* name,
                     const char* help, std::vector<std::string> labels = {}) {
  out.push_back({name, help, type, std::move(labels), {}, {}});
  return out.back();
}

MetricSample histogram_sample(const DurationHistogram& histogram, std::vector<std::string> labels) {
  MetricSample sample;
  sample.label_values = std::move(labels);
  sample.bucket_counts.assign(histogram.counts.begin(), histogram.counts.end());
  sample.count = histogram.count;
  sample.sum = seconds(histogram.sum_ns);
  return sample;
}

MetricFamily& histogram(std::vector<MetricFamily>& out, const char* name, const char* help,
                        std::vector<std::string> labels = {}) {
  MetricFamily& made = family(out, MetricType::kHistogram, name, help, std::move(labels));
  made.bounds = default_bounds();
  return made;
}

// The names that the original node had; they stay as they are.
void original_families(const Statistics& all, const StoreCounters& store,
                       std::vector<MetricFamily>& out) {
  family(out, kGauge, "kvstore_memtable_size_bytes", "Bytes in the active memtable.")
      .add(number(all.memtable_bytes));
  family(out, kGauge, "kvstore_sstable_count", "Tables on disk.").add(number(all.tables));
  MetricFamily& operations =
      family(out, kCounter, "kvstore_operations_total",
             "Operations asked for, those inside batches included.", {"operation"});
  for (std::size_t i = 0; i < kOperationKinds; ++i) {
    const auto kind = static_cast<OperationKind>(i);
    operations.add(number(store.operations(kind)), {std::string(operation_kind_name(kind))});
  }
}

void request_families(const StoreCounters& store, std::vector<MetricFamily>& out) {
  MetricFamily requests{"kvhost_store_requests_total",
                        "Requests that were answered, by the status code of the answer.",
                        kCounter,
                        {"operation", "status"},
                        {},
                        {}};
  MetricFamily& durations =
      histogram(out, "kvhost_store_request_duration_seconds",
                "From the arrival of a request at the store until its answer.", {"operation"});
  for (std::size_t i = 0; i < kRequestKinds; ++i) {
    const auto kind = static_cast<RequestKind>(i);
    const std::string name(request_kind_name(kind));
    for (std::size_t code = 0; code < kStatusCodes; ++code) {
      const uint64_t count = store.requests(kind, code);
      // `ok` is always there, so that rates exist from the start.
      if (count != 0 || code == 0) {
        requests.add(number(count), {name, std::string(kStatusTable[code].name)});
      }
    }
    durations.samples.push_back(histogram_sample(store.durations(kind), {name}));
  }
  out.push_back(std::move(requests));
}

void store_families(const StoreCounters& store, std::vector<MetricFamily>& out) {
  const auto gauge = [&](const char* name, const char* help, uint64_t value) {
    family(out, kGauge, name, help).add(number(value));
  };
  gauge("kvhost_store_sessions", "Sessions (client connections) that are open.", store.sessions);
  gauge("kvhost_store_snapshots", "Snapshots that clients hold.", store.snapshots);
  gauge("kvhost_store_cursors", "Cursors that clients hold.", store.cursors);
  gauge("kvhost_store_write_in_flight_bytes", "Bytes of writes that are under way.",
        store.in_flight_write_bytes);
  family(out, kCounter, "kvhost_store_duplicate_requests_total",
         "Writes that were answered from the record of their request id.")
      .add(number(store.duplicate_requests));
}

void memory_families(const Statistics& all, std::vector<MetricFamily>& out) {
  const auto gauge = [&](const char* name, const char* help, uint64_t value) {
    family(out, kGauge, name, help).add(number(value));
  };
  gauge("kvhost_memtable_size_bytes", "Bytes in the active memtable.", all.memtable_bytes);
  gauge("kvhost_memtable_entries", "Records in the active memtable.", all.memtable_entries);
  gauge("kvhost_memtable_immutable", "Memtables that wait for their flush.",
        all.immutable_memtables);
  gauge("kvhost_cache_size_bytes", "Bytes of blocks in the block cache.", all.block_cache_bytes);
  gauge("kvhost_cache_capacity_bytes", "Bytes that the block cache may take.",
        all.block_cache_capacity_bytes);
  gauge("kvhost_filter_and_fence_bytes", "Bytes of resident filters and fences.",
        all.filter_and_fence_bytes);
}

void log_families(const Statistics& all, std::vector<MetricFamily>& out) {
  const auto counter = [&](const char* name, const char* help, uint64_t value) {
    family(out, kCounter, name, help).add(number(value));
  };
  counter("kvhost_wal_written_bytes_total", "Bytes written to the log.", all.wal_bytes_written);
  counter("kvhost_wal_records_total", "Records written to the log.", all.wal_records);
  family(out, kGauge, "kvhost_wal_segments", "Log segments in use.").add(number(all.wal_segments));
  histogram(out, "kvhost_wal_sync_duration_seconds", "How long a sync of the log took.")
      .samples.push_back(histogram_sample(all.wal_sync_duration, {}));
}

void tree_families(const Statistics& all, std::vector<MetricFamily>& out) {
  MetricFamily tables{"kvhost_lsm_tables", "Tables by level.", kGauge, {"level"}, {}, {}};
  MetricFamily bytes{
      "kvhost_lsm_size_bytes", "Bytes of tables by level.", kGauge, {"level"}, {}, {}};
  MetricFamily runs{"kvhost_lsm_runs", "Sorted runs by level.", kGauge, {"level"}, {}, {}};
  for (const auto& level : all.levels) {
    const std::string label = std::to_string(level.level);
    tables.add(number(level.files), {label});
    bytes.add(number(level.bytes), {label});
    runs.add(number(level.runs), {label});
  }
  for (MetricFamily* each : {&tables, &bytes, &runs}) out.push_back(std::move(*each));
  family(out, kGauge, "kvhost_lsm_snapshots", "Snapshots that hold back compaction.")
      .add(number(all.snapshots));
}

// Total bytes over those of the last level: what older versions take beside the live data, at most.
double space_amplification(const Statistics& all) {
  uint64_t total = 0;
  uint64_t last = 0;
  for (const auto& level : all.levels) {
    total += level.bytes;
    if (level.bytes != 0) last = level.bytes;
  }
  return last == 0 ? 0 : number(total) / number(last);
}

void compaction_families(const Statistics& all, std::vector<MetricFamily>& out) {
  const auto counter = [&](const char* name, const char* help, uint64_t value) {
    family(out, kCounter, name, help).add(number(value));
  };
  family(out, kGauge, "kvhost_lsm_write_amplification_ratio",
         "Bytes written to log and tables over bytes that clients wrote; 0 before the first write.")
      .add(all.write_amplification());
  family(out, kGauge, "kvhost_lsm_space_amplification_ratio",
         "Bytes of all tables over those of the last level; 0 while there are none.")
      .add(space_amplification(all));
  family(out, kGauge, "kvhost_compaction_pending_bytes",
         "Bytes that compaction would have to write for the tree to be in shape.")
      .add(number(all.pending_compaction_bytes));
  counter("kvhost_flush_runs_total", "Memtables written to tables.", all.flushes);
  counter("kvhost_flush_written_bytes_total", "Bytes that flushes wrote.", all.flush_bytes_written);
  counter("kvhost_compaction_runs_total", "Compactions that were carried out.", all.compactions);
  counter("kvhost_compaction_failures_total", "Compactions that failed.", all.compactions_failed);
  counter("kvhost_compaction_read_bytes_total", "Bytes that compactions read.",
          all.compaction_bytes_read);
  counter("kvhost_compaction_written_bytes_total", "Bytes that compactions wrote.",
          all.compaction_bytes_written);
  counter("kvhost_compaction_jobs_refused_total",
          "Jobs of the policy that the engine refused as unsafe.", all.jobs_refused);
  counter("kvhost_compaction_policy_faults_total",
          "Times the policy threw, answered nonsense or took too long.", all.policy_faults);
  family(out, kCounter, "kvhost_compaction_dropped_entries_total",
         "Records that compaction dropped, by reason.", {"reason"})
      .add(number(all.entries_dropped_shadowed), {"shadowed"})
      .add(number(all.entries_dropped_deleted), {"deleted"})
      .add(number(all.entries_dropped_expired), {"expired"});
  counter("kvhost_expiry_reclaimed_entries_total",
          "Values that compaction took off the disk because they had expired.",
          all.entries_expired_reclaimed);
  family(out, kGauge, "kvhost_expiry_lag_seconds",
         "For how long the oldest expired value that is still in a table has been expired.")
      .add(static_cast<double>(all.expiry_lag_ms) / 1e3);
  family(out, kGauge, "kvhost_compaction_policy_quarantined",
         "1 while the configured policy is quarantined and the built-in one decides.")
      .add(all.quarantined_policy.empty() ? 0 : 1);
  family(out, kGauge, "kvhost_compaction_policy_info", "The policy at work; always 1.", {"policy"})
      .add(1, {all.policy_name});
}

void write_stall_families(const Statistics& all, std::vector<MetricFamily>& out) {
  family(out, kCounter, "kvhost_write_stall_seconds_total",
         "Time that writes were held back, by reason.", {"reason"})
      .add(seconds(all.slowdown_debt_ns), {"compaction_debt"})
      .add(seconds(all.stall_memtables_ns), {"memtables"})
      .add(seconds(all.stall_no_space_ns), {"no_space"});
}

void read_families(const Statistics& all, std::vector<MetricFamily>& out) {
  family(out, kCounter, "kvhost_cache_lookups_total", "Lookups in the block cache, by result.",
         {"result"})
      .add(number(all.cache_hits), {"hit"})
      .add(number(all.cache_misses), {"miss"});
  family(out, kCounter, "kvhost_cache_evictions_total", "Blocks that the cache let go.")
      .add(number(all.cache_evictions));
  family(out, kCounter, "kvhost_filter_lookups_total",
         "Questions to the tables' filters: said no and saved a read, said maybe, or said maybe "
         "though the key was not there (counted as maybe, too).",
         {"result"})
      .add(number(all.filter_useful), {"useful"})
      .add(number(all.filter_passed), {"maybe"})
      .add(number(all.filter_false_positives), {"false_positive"});
  family(out, kCounter, "kvhost_engine_get_hits_total", "Lookups of the engine that found the key.")
      .add(number(all.get_hits));
}

void scrub_families(const Statistics& all, std::vector<MetricFamily>& out) {
  const auto counter = [&](const char* name, const char* help, uint64_t value) {
    family(out, kCounter, name, help).add(number(value));
  };
  counter("kvhost_scrub_runs_total", "Scrubs that went through all tables.", all.scrub_runs);
  counter("kvhost_scrub_tables_total", "Tables that scrubs have checked.", all.scrub_tables);
  counter("kvhost_scrub_read_bytes_total", "Bytes that scrubs have read.", all.scrub_bytes);
  counter("kvhost_scrub_damaged_tables_total", "Tables that a scrub found damaged.",
          all.scrub_damaged_tables);
}

void error_families(const Status& fault, std::vector<MetricFamily>& out) {
  family(out, kGauge, "kvhost_engine_background_error",
         "1 while a background error makes the node refuse writes, by status code.", {"status"})
      .add(fault.is_ok() ? 0 : 1, {std::string(fault.info().name)});
}

}  // namespace

void EngineMetrics::collect(std::vector<MetricFamily>& out) {
  const Statistics all = engine_.statistics();
  original_families(all, store_, out);
  request_families(store_, out);
  store_families(store_, out);
  memory_families(all, out);
  log_families(all, out);
  tree_families(all, out);
  compaction_families(all, out);
  write_stall_families(all, out);
  read_families(all, out);
  scrub_families(all, out);
  error_families(engine_.background_error(), out);
}

}  // namespace kvhost::host
