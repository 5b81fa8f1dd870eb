#include "adapters/compaction_adapter.hpp"

#include <utility>
#include <vector>

#include "kvhost/detail/boundary.hpp"
#include "plugin/plugin_words.hpp"

namespace kvhost::host {
namespace {

using detail::to_bytes;
using detail::to_view;

kvh_file to_abi(const FileView& file) {
  return {file.id,
          {file.identity[0], file.identity[1]},
          file.bytes,
          to_bytes(file.smallest_key),
          to_bytes(file.largest_key),
          file.min_sequence,
          file.max_sequence,
          file.entries,
          file.tombstones,
          file.range_deletes,
          file.ttl_entries,
          file.min_expires_at_ms,
          file.max_expires_at_ms,
          file.created_at_ms,
          file.estimated_garbage_bytes,
          file.read_touches,
          file.busy ? KVH_FILE_BUSY : 0,
          0};
}

// The tree in the C form; borrows the view.
class AbiTree {
 public:
  explicit AbiTree(const TreeView& view) {
    std::size_t count = 0;
    for (const auto& run : view.runs) count += run.files.size();
    files_.reserve(count);
    runs_.reserve(view.runs.size());
    for (const auto& run : view.runs) {
      const kvh_file* first = files_.data() + files_.size();
      for (const auto& file : run.files) files_.push_back(to_abi(file));
      runs_.push_back({run.id, run.level, 0, run.bytes, first, run.files.size(), sizeof(kvh_file)});
    }
    tree_ = {sizeof(kvh_tree),
             view.max_workers,
             view.idle_workers,
             0,
             view.now_ms,
             runs_.data(),
             runs_.size(),
             sizeof(kvh_run),
             view.snapshots.data(),
             view.snapshots.size(),
             view.last_sequence,
             view.memtable_bytes,
             view.write_bytes_per_s,
             view.total_bytes,
             view.free_bytes,
             to_bytes(view.policy_state)};
  }
  const kvh_tree& abi() const { return tree_; }

 private:
  std::vector<kvh_file> files_;
  std::vector<kvh_run> runs_;
  kvh_tree tree_{};
};

std::string check_job(const kvh_job& raw) {
  if (!KVH_COVERS(&raw, kvh_job, reason)) {
    return "its size is " + std::to_string(raw.size) + " bytes, at least " +
           std::to_string(offsetof(kvh_job, reason) + sizeof(kvh_bytes)) + " are needed";
  }
  if (raw.type < KVH_JOB_MERGE || raw.type > KVH_JOB_REWRITE_BLOBS) {
    return "unknown type " + std::to_string(raw.type);
  }
  if (raw.codec > KVH_CODEC_ZSTD) return "unknown codec " + std::to_string(raw.codec);
  if (raw.input_count == 0 || raw.inputs == nullptr) return "it names no input";
  if (raw.input_count > kMaxInputsPerJob) {
    return std::to_string(raw.input_count) + " inputs, at most " +
           std::to_string(kMaxInputsPerJob) + " are allowed";
  }
  if (raw.policy_state.size > KVH_MAX_POLICY_STATE) {
    return "policy_state of " + std::to_string(raw.policy_state.size) + " bytes, at most " +
           std::to_string(KVH_MAX_POLICY_STATE) + " are kept";
  }
  for (const kvh_bytes& text : {raw.clip_start, raw.clip_end, raw.reason, raw.policy_state}) {
    if (text.size > kMaxJobTextBytes) {
      return "a clip bound or reason of " + std::to_string(text.size) + " bytes";
    }
    if (text.size != 0 && text.data == nullptr) return "a length without bytes";
  }
  return {};
}

Job to_job(const kvh_job& raw) {
  Job job;
  job.type = static_cast<JobType>(raw.type);
  job.inputs.assign(raw.inputs, raw.inputs + raw.input_count);
  job.clip_start = to_view(raw.clip_start);
  job.clip_end = to_view(raw.clip_end);
  job.target_level = raw.target_level;
  job.target_run = raw.target_run;
  job.split_file_bytes = raw.split_file_bytes;
  job.split_overlap_bytes = raw.split_overlap_bytes;
  job.split_window_ms = raw.split_window_ms;
  job.codec = static_cast<Codec>(raw.codec);
  job.bits_per_key = raw.bits_per_key;
  job.blob_threshold = raw.blob_threshold;
  job.priority = raw.priority;
  job.policy_state = to_view(raw.policy_state);
  job.reason = to_view(raw.reason);
  return job;
}

struct Collector {
  Plan plan;
  std::string fault;

  static int32_t take(void* ctx, const kvh_job* raw) noexcept {
    return detail::guarded(nullptr, "plan", [&]() -> int32_t {
      auto& mine = *static_cast<Collector*>(ctx);
      if (!mine.fault.empty()) return 1;
      std::string why = raw == nullptr ? "it is null" : check_job(*raw);
      if (why.empty() && mine.plan.jobs.size() >= kMaxJobsPerPlan) {
        why = "more than " + std::to_string(kMaxJobsPerPlan) + " jobs in one plan";
      }
      if (!why.empty()) {
        mine.fault = "job " + std::to_string(mine.plan.jobs.size()) + ": " + why;
        return 1;
      }
      mine.plan.jobs.push_back(to_job(*raw));
      return 0;
    });
  }
};

uint64_t to_ns(Deadline deadline) {
  if (deadline == Deadline::max()) return 0;
  return static_cast<uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(deadline.time_since_epoch()).count());
}

}  // namespace

Result<Plan> CompactionAdapter::plan(const TreeView& tree, std::span<const TreeEvent> events,
                                     Deadline deadline) {
  const std::lock_guard lock(mutex_);
  const AbiTree abi(tree);
  std::vector<kvh_event> raw_events;
  raw_events.reserve(events.size());
  for (const auto& event : events) {
    raw_events.push_back({static_cast<uint32_t>(event.type), 0, event.file_id,
                          to_bytes(event.start), to_bytes(event.end)});
  }
  Collector collector;
  kvh_error error = detail::make_error();
  const int32_t code =
      table_->plan(self_, &abi.abi(), raw_events.data(), raw_events.size(), sizeof(kvh_event),
                   to_ns(deadline), {&Collector::take, &collector}, &error);
  if (code != KVH_OK) {
    return plugin_words(code, &error).with_context("compaction policy " + name_);
  }
  if (!collector.fault.empty()) {
    return Status(StatusCode::PLUGIN_ERROR, "compaction policy " + name_ + ": " + collector.fault);
  }
  return std::move(collector.plan);
}

Pressure CompactionAdapter::pressure(const TreeView& tree) {
  if (!KVH_HAS(table_, kvh_compaction, pressure)) return {};
  const std::lock_guard lock(mutex_);
  const AbiTree abi(tree);
  kvh_pressure out{};
  out.size = sizeof(out);
  kvh_error error = detail::make_error();
  if (table_->pressure(self_, &abi.abi(), &out, &error) != KVH_OK) return {};
  return {out.pending_bytes, out.urgency};
}

void CompactionAdapter::job_done(const JobReport& report) {
  if (!KVH_HAS(table_, kvh_compaction, job_done)) return;
  const std::lock_guard lock(mutex_);
  kvh_job_report raw{};
  raw.size = sizeof(raw);
  raw.status = static_cast<int32_t>(report.status.code());
  raw.type = static_cast<uint32_t>(report.type);
  raw.bytes_read = report.bytes_read;
  raw.bytes_written = report.bytes_written;
  raw.entries_in = report.entries_in;
  raw.entries_out = report.entries_out;
  raw.duration_ns = static_cast<uint64_t>(report.duration.count());
  raw.message = to_bytes(report.status.message());
  table_->job_done(self_, &raw);
}

}  // namespace kvhost::host
