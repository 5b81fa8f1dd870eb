#include "compaction/job_executor.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "format/merging_iterator.hpp"
#include "version/run_iterator.hpp"

namespace kvhost::engine {
namespace {

constexpr std::size_t kReadaheadBytes = std::size_t{256} << 10;
constexpr uint32_t kMaxBitsPerKey = 32;

Codec stored_codec(kvhost::Codec asked, Codec by_default) {
  switch (asked) {
    case kvhost::Codec::kNone:
      return Codec::kNone;
    case kvhost::Codec::kLz4:
      return Codec::kLz4;
    case kvhost::Codec::kZstd:
      return Codec::kZstd;
    case kvhost::Codec::kDefault:
      break;
  }
  return by_default;
}

TableOptions table_options(const Job& job, TableOptions options) {
  options.codec = stored_codec(job.codec, options.codec);
  if (job.bits_per_key != 0) {
    options.filter_bits_per_key = std::min(job.bits_per_key, kMaxBitsPerKey);
  }
  return options;
}

uint64_t total_bytes(const JobPlacement& placement) {
  uint64_t bytes = 0;
  for (const TableFilePtr& file : placement.files) bytes += file->metadata().bytes;
  return bytes;
}

Status unbalanced(const std::string& what, uint64_t expected, uint64_t found) {
  return {StatusCode::CORRUPTION,
          "a compaction's books do not balance, nothing was installed: " + what + ": expected " +
              std::to_string(expected) + ", found " + std::to_string(found)};
}

// Every record of the inputs is in an output or was dropped for a reason.
Status check_books(const JobPlacement& placement, const CompactionCounts& counts,
                   const std::vector<FileMetadata>& outputs) {
  uint64_t entries_in = 0;
  uint64_t hash_in = 0;
  for (const TableFilePtr& file : placement.files) {
    entries_in += file->metadata().entries;
    hash_in += file->metadata().entries_hash;
  }
  uint64_t entries_out = 0;
  uint64_t hash_out = 0;
  for (const FileMetadata& table : outputs) {
    entries_out += table.entries;
    hash_out += table.entries_hash;
  }
  if (counts.entries_in != entries_in) {
    return unbalanced("records read from the inputs", entries_in, counts.entries_in);
  }
  if (entries_out + counts.dropped() != entries_in) {
    return unbalanced("records written or dropped", entries_in, entries_out + counts.dropped());
  }
  const uint64_t accounted = hash_out + counts.hash_removed - counts.hash_added;
  if (accounted != hash_in) return unbalanced("sum of the records' hashes", hash_in, accounted);
  return {};
}

// The range tombstones of the inputs, gathered so that they live as long as this does.
class InputTombstones {
 public:
  static Result<std::unique_ptr<InputTombstones>> read(const JobPlacement& placement,
                                                       TableCache& tables) {
    std::vector<RangeTombstone> all;
    for (const TableFilePtr& file : placement.files) {
      if (file->metadata().range_deletes == 0) continue;
      KVHOST_TRY_ASSIGN(const TableReader* reader, tables.reader(*file));
      const auto some = reader->range_tombstones()->tombstones();
      all.insert(all.end(), some.begin(), some.end());
    }
    return std::unique_ptr<InputTombstones>(new InputTombstones(all));
  }
  const FragmentedRangeTombstones& all() const { return all_; }

 private:
  // The keys are borrowed from the readers, which the placement's files keep.
  explicit InputTombstones(std::span<const RangeTombstone> tombstones) : all_(tombstones) {}

  const FragmentedRangeTombstones all_;
};

SortedRunPtr run_below(const Version& version, const JobPlacement& placement) {
  const std::size_t position = placement.first_older();
  return position < version.runs().size() ? version.runs()[position] : nullptr;
}

// Space that a job is going to use, until it ends.
class SpaceReservation {
 public:
  SpaceReservation(std::atomic<uint64_t>& total, uint64_t bytes) : total_(total), bytes_(bytes) {
    total_.fetch_add(bytes_);
  }
  ~SpaceReservation() { total_.fetch_sub(bytes_); }
  SpaceReservation(const SpaceReservation&) = delete;
  SpaceReservation& operator=(const SpaceReservation&) = delete;

 private:
  std::atomic<uint64_t>& total_;
  const uint64_t bytes_;
};

// The edit that replaces a placed job's inputs.
VersionEdit edit_of(const Version& base, const Job& job, const JobPlacement& placement,
                    uint64_t new_run, const std::vector<FileMetadata>& outputs) {
  VersionEdit edit;
  for (const TableFilePtr& file : placement.files) edit.removed_files.push_back(file->number());
  std::vector<FileMetadata> added = outputs;
  if (job.type == JobType::kMove) {
    for (const TableFilePtr& file : placement.files) added.push_back(file->metadata());
  }
  uint64_t run = job.target_run;
  if (!added.empty() && !placement.joins_run) {
    const bool is_last = placement.position == base.runs().size();
    run = new_run;
    edit.new_runs.push_back(
        {run, placement.level, is_last ? NewRun::kBack : base.runs()[placement.position]->id()});
  }
  for (FileMetadata& file : added) edit.added_files.push_back({run, std::move(file)});
  return edit;
}

}  // namespace

AdmissionRules JobExecutor::rules() const {
  return {dependencies_.host.durable_log_time_ms(), settings_.allow_lossy_drop};
}

Result<JobResult> JobExecutor::run(const Job& job, const std::string& policy_name,
                                   JobControl& control) {
  if (job.type == JobType::kMerge) return merge(job, policy_name, control);
  return change_metadata(job, policy_name);
}

Result<JobResult> JobExecutor::change_metadata(const Job& job, const std::string& policy_name) {
  const VersionPtr version = dependencies_.versions.current();
  KVHOST_TRY_ASSIGN(const JobPlacement placement,
                    place_job(*version, retarget(*version, job), rules()));
  KVHOST_TRY(install(job, policy_name, {}));
  JobResult result;
  result.files_in = placement.files.size();
  result.files_out = job.type == JobType::kMove ? placement.files.size() : 0;
  for (const TableFilePtr& file : placement.files) {
    const uint64_t entries = file->metadata().entries;
    result.counts.entries_in += entries;
    if (job.type == JobType::kMove) {
      result.counts.entries_out += entries;
      continue;
    }
    result.bytes_dropped += file->metadata().bytes;
    if (job.type == JobType::kDropExpired) result.counts.dropped_expired += entries;
    if (job.type == JobType::kDropOldestLossy) result.dropped_lossy += entries;
  }
  return result;
}

Result<JobResult> JobExecutor::merge(const Job& job, const std::string& policy_name,
                                     JobControl& control) {
  // The Version before the snapshots: what a later reader sees is newer than all of these tables.
  const VersionPtr version = dependencies_.versions.current();
  const std::vector<SequenceNumber> snapshots = dependencies_.host.live_snapshots();
  const AdmissionRules admission = rules();
  KVHOST_TRY_ASSIGN(const JobPlacement placement,
                    place_job(*version, retarget(*version, job), admission));
  const uint64_t bytes_in = total_bytes(placement);
  const SpaceReservation reservation(reserved_bytes_, bytes_in);
  KVHOST_TRY(check_space());

  KVHOST_TRY_ASSIGN(const auto tombstones, InputTombstones::read(placement, dependencies_.tables));
  KVHOST_TRY_ASSIGN(auto inputs, open_inputs(placement));
  const OlderData older(*version, placement.first_older(), placement.numbers);
  CompactionIterator records({std::move(inputs), tombstones->all(), snapshots, admission.now_ms,
                              older, [&control] { return control.at_block_border(); }});
  OutputWriter outputs({dependencies_.files, dependencies_.versions,
                        table_options(job, settings_.table), dependencies_.clock.wall_ms()},
                       OutputSplitter(SplitRules::of_job(job, settings_.target_file_bytes),
                                      run_below(*version, placement)),
                       records.range_tombstones());
  KVHOST_TRY(write_outputs(records, outputs, control));
  KVHOST_TRY(check_books(placement, records.counts(), outputs.tables()));
  const Status installed = install(job, policy_name, outputs.tables());
  // After a failed write the MANIFEST may or may not name them: then they must stay.
  if (installed.is_ok() || !dependencies_.versions.status().is_ok()) outputs.keep();
  KVHOST_TRY(installed);

  JobResult result;
  result.bytes_read = bytes_in;
  result.bytes_written = outputs.bytes_written();
  result.counts = records.counts();
  result.files_in = placement.files.size();
  result.files_out = outputs.tables().size();
  return result;
}

Status JobExecutor::check_space() const {
  const uint64_t reserved = reserved_bytes_.load();
  KVHOST_TRY_ASSIGN(const uint64_t free,
                    dependencies_.files.free_bytes(dependencies_.versions.directory()));
  if (free >= reserved) return {};
  return {StatusCode::NO_SPACE, dependencies_.versions.directory() +
                                    ": a compaction and those that run beside it need " +
                                    std::to_string(reserved) + " bytes, " + std::to_string(free) +
                                    " are free; free some space, the compaction is tried again"};
}

Result<std::unique_ptr<RecordIterator>> JobExecutor::open_inputs(const JobPlacement& placement) {
  // Files of one run follow each other, so they make one source.
  std::map<std::size_t, std::vector<TableFilePtr>> by_run;
  for (std::size_t i = 0; i < placement.files.size(); ++i) {
    if (placement.files[i]->metadata().entries == 0) continue;
    by_run[placement.inputs[i].run].push_back(placement.files[i]);
  }
  std::vector<std::unique_ptr<RecordIterator>> sources;
  const TableReadOptions options{.fill_cache = false, .readahead_bytes = kReadaheadBytes};
  for (auto& [run, files] : by_run) {
    std::sort(files.begin(), files.end(), [](const TableFilePtr& a, const TableFilePtr& b) {
      return a->range().smallest < b->range().smallest;
    });
    sources.push_back(make_files_iterator(std::move(files), dependencies_.tables, options));
  }
  return make_merging_iterator(std::move(sources));
}

Status JobExecutor::write_outputs(CompactionIterator& records, OutputWriter& outputs,
                                  JobControl& control) {
  for (records.seek_to_first(); records.valid(); records.next()) {
    KVHOST_TRY(outputs.add(records.record()));
  }
  KVHOST_TRY(records.status());
  return outputs.finish([&control] { return control.at_block_border(); });
}

Status JobExecutor::install(const Job& job, const std::string& policy_name,
                            const std::vector<FileMetadata>& outputs) {
  const AdmissionRules admission = rules();
  const uint64_t new_run = dependencies_.versions.new_run_id();
  return dependencies_.versions
      .log_and_apply([&](const Version& base) -> Result<VersionEdit> {
        const Job fitting = retarget(base, job);
        KVHOST_TRY_ASSIGN(const JobPlacement placement, place_job(base, fitting, admission));
        VersionEdit edit = edit_of(base, fitting, placement, new_run, outputs);
        if (!job.policy_state.empty()) {
          edit.policy_name = policy_name;
          edit.policy_state = job.policy_state;
        }
        return edit;
      })
      .status();
}

}  // namespace kvhost::engine
