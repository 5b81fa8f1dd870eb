// A small database for compaction tests: real tables on a file system in memory, a history of
// everything ever written beside it, and the question that matters: does every reader still see
// what the history says?
//
// Threads:   the host any; the rest one.
#pragma once

#include <catch2/catch.hpp>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/mutex.hpp"
#include "compaction/compaction_host.hpp"
#include "compaction/job_executor.hpp"
#include "kvhost/engine/logger.hpp"
#include "support/crash_file_system.hpp"
#include "unit/format/record_model.hpp"
#include "version/file_names.hpp"
#include "version/run_iterator.hpp"

namespace kvhost::engine::test {

class TestHost final : public CompactionHost {
 public:
  std::vector<SequenceNumber> live_snapshots() override {
    const MutexLock lock(mutex_);
    return {snapshots_.begin(), snapshots_.end()};
  }
  uint64_t durable_log_time_ms() override {
    const MutexLock lock(mutex_);
    return now_ms_;
  }
  SequenceNumber last_sequence() override { return 0; }
  uint64_t write_bytes_per_second() override { return 0; }
  bool is_flush_urgent() override {
    const MutexLock lock(mutex_);
    return flush_urgent_;
  }
  void tree_changed() override {}
  void compaction_failed(const Status& failure) override {
    const MutexLock lock(mutex_);
    last_failure_ = failure;
  }

  void hold_snapshot(SequenceNumber sequence) {
    const MutexLock lock(mutex_);
    snapshots_.insert(sequence);
  }
  void release_snapshot(SequenceNumber sequence) {
    const MutexLock lock(mutex_);
    snapshots_.erase(sequence);
  }
  void set_now(uint64_t now_ms) {
    const MutexLock lock(mutex_);
    now_ms_ = now_ms;
  }
  void set_flush_urgent(bool urgent) {
    const MutexLock lock(mutex_);
    flush_urgent_ = urgent;
  }
  Status last_failure() {
    const MutexLock lock(mutex_);
    return last_failure_;
  }

 private:
  Mutex mutex_;
  std::set<SequenceNumber> snapshots_ KVHOST_GUARDED_BY(mutex_);
  uint64_t now_ms_ KVHOST_GUARDED_BY(mutex_) = 0;
  bool flush_urgent_ KVHOST_GUARDED_BY(mutex_) = false;
  Status last_failure_ KVHOST_GUARDED_BY(mutex_);
};

struct OwnedTombstone {
  std::string start;
  std::string end;
  SequenceNumber sequence = 0;
  RangeTombstone view() const { return {start, end, sequence}; }
};

// What a reader finds: `value@sequence`, or nothing.
using Seen = std::optional<std::string>;

// Records and range tombstones, wherever they come from.
struct Contents {
  RecordModel records;
  std::vector<OwnedTombstone> tombstones;

  Seen read(const std::string& key, SequenceNumber snapshot, uint64_t now_ms) const {
    const OwnedRecord* found = records.get(key, snapshot);
    if (found == nullptr || found->type == RecordType::kTombstone) return std::nullopt;
    if (found->expires_at_ms != 0 && found->expires_at_ms <= now_ms) return std::nullopt;
    for (const OwnedTombstone& one : tombstones) {
      if (one.start <= key && key < one.end && one.sequence <= snapshot &&
          one.sequence > found->sequence) {
        return std::nullopt;
      }
    }
    return found->value + "@" + std::to_string(found->sequence);
  }
};

class TestDatabase {
 public:
  explicit TestDatabase(FileSystem* files = nullptr)
      : files_(files == nullptr ? memory : *files),
        versions(open_versions(files_)),
        tables(files_, kPath, {}),
        executor({{.codec = Codec::kNone, .block_bytes = 512}, 4096, true},
                 {files_, *versions, tables, system_clock(), host}) {}

  // Adds to what the next flush writes, and to the history.
  SequenceNumber put(const std::string& key, std::string value, uint64_t expires_at_ms = 0) {
    return add({key, std::move(value), next_sequence++, RecordType::kPut, expires_at_ms});
  }
  SequenceNumber erase(const std::string& key) {
    return add({key, {}, next_sequence++, RecordType::kTombstone, 0});
  }
  SequenceNumber erase_range(const std::string& start, const std::string& end) {
    const OwnedTombstone tombstone{start, end, next_sequence++};
    pending.tombstones.push_back(tombstone);
    history.tombstones.push_back(tombstone);
    return tombstone.sequence;
  }

  // Writes what was added as the newest run of level 0; its file number.
  uint64_t flush() {
    const uint64_t number = versions->new_file_number();
    auto file = files_.create(table_path(kPath, number));
    REQUIRE(file);
    TableOptions options{.identity = FileIdentity::random(), .block_bytes = 512};
    TableBuilder builder(options, std::move(*file), table_path(kPath, number));
    for (const auto& [place, record] : pending.records.records()) {
      REQUIRE(builder.add(record.view()).is_ok());
    }
    for (const OwnedTombstone& one : pending.tombstones) builder.add_range_tombstone(one.view());
    const auto properties = builder.finish();
    REQUIRE(properties);
    VersionEdit edit;
    edit.add_level0_run(versions->new_run_id(), FileMetadata::of_table(number, *properties, 1));
    REQUIRE(versions->log_and_apply(edit));
    pending = {};
    return number;
  }

  Result<JobResult> run(const Job& job) {
    JobControl control([] { return false; });
    return executor.run(job, "test", control);
  }

  // Everything in the tables of the current Version. Checks on the way that newer runs hold newer
  // records and that tables stay within their ranges.
  Contents stored() {
    Contents contents;
    std::map<std::string, SequenceNumber> oldest_so_far;
    const VersionPtr version = versions->current();
    for (const SortedRunPtr& run : version->runs()) {
      std::map<std::string, SequenceNumber> oldest_here;
      const auto records = make_run_iterator(run, tables, {});
      for (records->seek_to_first(); records->valid(); records->next()) {
        const OwnedRecord record = owned(records->record());
        REQUIRE(run->find(record.key) != nullptr);
        const auto newer = oldest_so_far.find(record.key);
        if (newer != oldest_so_far.end()) REQUIRE(record.sequence < newer->second);
        oldest_here[record.key] = record.sequence;
        contents.records.add(record);
      }
      REQUIRE(records->status().is_ok());
      for (const auto& [key, sequence] : oldest_here) oldest_so_far[key] = sequence;
      add_tombstones(*run, contents);
    }
    return contents;
  }

  // Every reader there may be, now or later, sees in the tables what the history says.
  void check_visible(const std::vector<std::string>& keys) {
    const Contents found = stored();
    std::vector<SequenceNumber> readers = host.live_snapshots();
    readers.push_back(kMaxSequence);
    const uint64_t now = host.durable_log_time_ms();
    for (const std::string& key : keys) {
      for (const SequenceNumber reader : readers) {
        for (const uint64_t later : {uint64_t{0}, uint64_t{3}, uint64_t{1000}}) {
          const Seen expected = history.read(key, reader, now + later);
          const Seen seen = found.read(key, reader, now + later);
          if (expected == seen) continue;
          FAIL("key " << key << " read at " << reader << ", " << later << " ms later: expected "
                      << expected.value_or("nothing") << ", found " << seen.value_or("nothing"));
        }
      }
    }
  }

  std::vector<uint64_t> all_files() const {
    std::vector<uint64_t> numbers;
    versions->current()->for_each_file([&numbers](const SortedRun&, const TableFilePtr& file) {
      numbers.push_back(file->number());
    });
    return numbers;
  }

  static inline const std::string kPath = "/db";
  kvhost::engine::testing::CrashFileSystem memory;

 private:
  static std::unique_ptr<VersionSet> open_versions(FileSystem& files) {
    auto opened = VersionSet::open(files, kPath, {}, null_logger());
    REQUIRE(opened);
    return std::move(*opened);
  }
  SequenceNumber add(OwnedRecord record) {
    history.records.add(record);
    pending.records.add(record);
    return record.sequence;
  }
  void add_tombstones(const SortedRun& run, Contents& contents) {
    for (const TableFilePtr& file : run.files()) {
      const auto reader = tables.reader(*file);
      REQUIRE(reader);
      for (const RangeTombstone& one : (*reader)->range_tombstones()->tombstones()) {
        REQUIRE(file->range().smallest <= one.start);
        REQUIRE_FALSE(file->range().largest < one.end.substr(0, one.end.size() - 1));
        contents.tombstones.push_back({std::string(one.start), std::string(one.end), one.sequence});
      }
    }
  }

  FileSystem& files_;

 public:
  TestHost host;
  std::unique_ptr<VersionSet> versions;
  TableCache tables;
  JobExecutor executor;
  SequenceNumber next_sequence = 1;
  Contents history;
  Contents pending;
};

inline Job merge_of(std::vector<uint64_t> inputs, uint32_t level, uint64_t run = 0) {
  Job job;
  job.type = JobType::kMerge;
  job.inputs = std::move(inputs);
  job.target_level = level;
  job.target_run = run;
  return job;
}

}  // namespace kvhost::engine::test
