#include <algorithm>

#include "compaction/compaction_iterator.hpp"
#include "compaction/output_writer.hpp"
#include "file/file_tree.hpp"
#include "format/merging_iterator.hpp"
#include "kvhost/engine/repair.hpp"
#include "repair/batch_tables.hpp"
#include "repair/log_salvage.hpp"
#include "repair/whole_tables.hpp"
#include "verify/manifest_state.hpp"
#include "version/file_names.hpp"

namespace kvhost::engine {

namespace {

// Numbers that a lost MANIFEST may have reserved are jumped over.
constexpr SequenceNumber kJump = SequenceNumber{1} << 21;

class Repair {
 public:
  Repair(FileSystem& files, const std::string& directory, std::string target,
         const RepairOptions& options)
      : files_(files), directory_(directory), target_(std::move(target)), options_(options) {}

  Result<RepairReport> run() {
    KVHOST_TRY_ASSIGN(source_, read_manifest_state(files_, directory_));
    report_.had_tree = source_.damage.is_ok();
    if (!report_.had_tree) {
      report_.lost.push_back("the tree of tables: " + source_.damage.message());
    }
    KVHOST_TRY_ASSIGN(versions_, VersionSet::open(files_, target_, {}, null_logger()));
    KVHOST_TRY(report_.had_tree ? keep_tree() : find_tables());
    KVHOST_TRY(salvage());
    KVHOST_TRY(report_.had_tree ? install_tree() : merge_everything());
    KVHOST_TRY(files_.sync_directory(tables_path(target_)));
    KVHOST_TRY(versions_->log_and_apply(edit_).status());
    versions_.reset();
    report_.directory = target_;
    return std::move(report_);
  }

 private:
  // With a tree: each whole table goes to its old place.
  Status keep_tree() {
    WholeTables whole(files_, directory_);
    for (const SortedRunPtr& run : source_.version->runs()) {
      for (const TableFilePtr& file : run->files()) {
        const Status checked = whole.check(file->metadata());
        if (is_fatal(checked)) return checked;
        if (!checked) {
          lose(file->metadata(), checked);
          continue;
        }
        KVHOST_TRY(keep(run->id(), run->level(), file->metadata()));
      }
    }
    return Status::ok();
  }

  Status keep(uint64_t old_run, uint32_t level, FileMetadata table) {
    if (kept_runs_.empty() || kept_from_ != old_run) {
      kept_runs_.push_back({versions_->new_run_id(), level, NewRun::kBack});
      kept_from_ = old_run;
    }
    const std::string from = table_path(directory_, table.number);
    table.number = versions_->new_file_number();
    KVHOST_TRY(link_or_copy(files_, from, table_path(target_, table.number)));
    report_.records_kept += table.entries;
    ++report_.tables_kept;
    edit_.added_files.push_back({kept_runs_.back().id, std::move(table)});
    return Status::ok();
  }

  void lose(const FileMetadata& table, const Status& why) {
    ++report_.tables_lost;
    report_.lost.push_back(describe_lost(table, why));
    report_.notes.push_back(
        "keys of the lost table " + table_name(table.number) +
        ": where an older table holds them, their older values (or keys that had been deleted) are "
        "visible again");
  }

  // Without a tree: every whole table counts, in no order.
  Status find_tables() {
    WholeTables whole(files_, directory_);
    KVHOST_TRY_ASSIGN(found_, whole.find_all());
    report_.tables_kept = found_.tables.size();
    report_.tables_lost = found_.lost.size();
    for (std::string& line : found_.lost) report_.lost.push_back(std::move(line));
    for (const auto& table : found_.tables) report_.records_kept += table->properties().entries;
    report_.notes.push_back(
        "the tables were merged by sequence number; tables that a compaction had replaced and not "
        "yet removed took part, so keys deleted shortly before may be visible again");
    return Status::ok();
  }

  Status salvage() {
    BatchTables tables(files_, *versions_, options_.memtable_size);
    const VersionState& state = source_.state;
    SalvageStart start;
    if (report_.had_tree) {
      start = {{state.log_start, state.log_durable}, state.last_sequence, state.last_sequence};
    }
    for (const auto& table : found_.tables) {
      start.seen = std::max(start.seen, table->properties().max_sequence);
    }
    KVHOST_TRY_ASSIGN(const SalvagedLog log,
                      salvage_log(files_, log_path(directory_), start,
                                  [&](std::string_view payload) { return tables.add(payload); }));
    KVHOST_TRY(tables.finish());
    from_log_ = tables.tables();
    for (const std::string& line : log.lost) report_.lost.push_back(line);
    report_.log_batches_kept = log.batches;
    for (const FileMetadata& table : from_log_) report_.records_kept += table.entries;
    set_state(log);
    return Status::ok();
  }

  void set_state(const SalvagedLog& log) {
    const VersionState& state = source_.state;
    SequenceNumber last = std::max(state.last_sequence, log.last_sequence);
    for (const auto& table : found_.tables) {
      last = std::max(last, table->properties().max_sequence);
    }
    edit_.last_sequence = last;
    const bool knows_all = report_.had_tree && !log.was_damaged;
    edit_.reserved_sequence = std::max(state.reserved_sequence, knows_all ? last : last + kJump);
    edit_.log_time_ms = std::max(state.log_time_ms, log.last_now_ms);
    if (!knows_all) edit_.log_time_ms = std::max(*edit_.log_time_ms, clock().wall_ms());
    if (report_.had_tree) {
      edit_.replication = state.replication;
      edit_.policy_name = state.policy_name;
      edit_.policy_state = state.policy_state;
    }
    if (!state.replication.strategy.empty()) {
      report_.notes.push_back("this node was a replica (" + state.replication.strategy +
                              "): after losses take a checkpoint of another node instead");
    }
    report_.last_sequence = last;
  }

  // What came from the log is newer than the tables: its runs stand in front, the newest first.
  Status install_tree() {
    for (auto table = from_log_.rbegin(); table != from_log_.rend(); ++table) {
      const uint64_t run = versions_->new_run_id();
      edit_.new_runs.push_back({run, 0, NewRun::kBack});
      edit_.added_files.push_back({run, *table});
    }
    edit_.new_runs.insert(edit_.new_runs.end(), kept_runs_.begin(), kept_runs_.end());
    return Status::ok();
  }

  Status merge_everything() {
    WholeTables fresh(files_, target_);
    for (const FileMetadata& table : from_log_) {
      KVHOST_TRY_ASSIGN(auto opened, fresh.open(table_path(target_, table.number)));
      found_.tables.push_back(std::move(opened));
    }
    KVHOST_TRY(write_merged());
    found_.tables.clear();
    for (const FileMetadata& table : from_log_) {
      KVHOST_TRY(files_.remove(table_path(target_, table.number)));
    }
    return Status::ok();
  }

  Status write_merged() {
    std::vector<std::unique_ptr<RecordIterator>> sources;
    std::vector<RangeTombstone> deleted;
    for (const auto& table : found_.tables) {
      sources.push_back(table->iterator({.fill_cache = false, .readahead_bytes = 1u << 20}));
      const auto ranges = table->range_tombstones()->tombstones();
      deleted.insert(deleted.end(), ranges.begin(), ranges.end());
    }
    const FragmentedRangeTombstones tombstones(deleted);
    const OlderData nothing_older;
    CompactionIterator records(
        {make_merging_iterator(std::move(sources)), tombstones, {}, 0, nothing_older, [] {
           return Status::ok();
         }});
    TableOptions table_options;
    table_options.codec = Codec::kLz4;
    SplitRules split;
    split.file_bytes = options_.target_file_size;
    OutputWriter outputs({files_, *versions_, table_options, clock().wall_ms()},
                         OutputSplitter(split, nullptr), records.range_tombstones());
    for (records.seek_to_first(); records.valid(); records.next()) {
      KVHOST_TRY(outputs.add(records.record()));
    }
    KVHOST_TRY(records.status());
    KVHOST_TRY(outputs.finish([] { return Status::ok(); }));
    outputs.keep();
    if (outputs.tables().empty()) return Status::ok();
    const uint64_t run = versions_->new_run_id();
    edit_.new_runs.push_back({run, 1, NewRun::kBack});
    for (const FileMetadata& table : outputs.tables()) edit_.added_files.push_back({run, table});
    return Status::ok();
  }

  Clock& clock() const { return options_.clock != nullptr ? *options_.clock : system_clock(); }

  FileSystem& files_;
  const std::string& directory_;
  const std::string target_;
  const RepairOptions& options_;
  ManifestState source_;
  std::unique_ptr<VersionSet> versions_;
  VersionEdit edit_;
  std::vector<NewRun> kept_runs_;
  uint64_t kept_from_ = 0;
  FoundTables found_;
  std::vector<FileMetadata> from_log_;
  RepairReport report_;
};

}  // namespace

Result<RepairReport> repair_database(FileSystem& files, const std::string& directory,
                                     const std::string& target, const RepairOptions& options) {
  KVHOST_TRY(check_is_database(files, directory));
  KVHOST_TRY_ASSIGN(const bool is_taken, files.exists(target));
  if (is_taken) {
    return Status(StatusCode::CONFLICT, target + " exists already; move it out of the way first");
  }
  KVHOST_TRY_ASSIGN(const auto lock, files.lock(lock_path(directory)));
  const std::string partial = target + ".tmp";
  KVHOST_TRY(remove_file_tree(files, partial));
  KVHOST_TRY_ASSIGN(RepairReport report, Repair(files, directory, partial, options).run());
  KVHOST_TRY(files.rename(partial, target));
  KVHOST_TRY(files.sync_directory(parent_directory(target)));
  report.directory = target;
  return report;
}

}  // namespace kvhost::engine
