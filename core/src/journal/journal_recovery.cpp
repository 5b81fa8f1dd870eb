#include "journal/journal_recovery.hpp"

#include <algorithm>

#include "file/whole_file.hpp"

namespace kvhost::engine {
namespace {

Result<JournalMeta> read_meta(FileSystem& files, const std::string& directory) {
  const std::string path = directory + "/" + std::string(kJournalMetaName);
  KVHOST_TRY_ASSIGN(const bool exists, files.exists(path));
  if (!exists) return JournalMeta{};
  KVHOST_TRY_ASSIGN(const std::string bytes, read_whole_file(files, path, kMaxJournalMetaFile));
  auto meta = decode_journal_meta(bytes);
  if (!meta) return meta.error().with_context(path);
  return meta;
}

// Follows the records of the log in their order.
class Replay {
 public:
  explicit Replay(RecoveredJournal& journal) : journal_(journal) { journal_.first = 0; }

  Status take(std::string_view payload, LogPosition position) {
    KVHOST_TRY_ASSIGN(const JournalRecord record, decode_journal_record(payload));
    switch (record.type) {
      case JournalRecordType::kEntry:
        return entry(record.index, position);
      case JournalRecordType::kStart:
        start(record.index);
        return Status::ok();
      case JournalRecordType::kCut:
        cut(record.index);
        return Status::ok();
    }
    return Status::ok();
  }
  // Nothing below META's first counts, whatever the log still holds.
  void finish() {
    if (!is_begun_) begin(journal_.meta.first);
    if (journal_.meta.first > journal_.first) start(journal_.meta.first);
  }

 private:
  void begin(uint64_t first) {
    is_begun_ = true;
    journal_.first = first;
    journal_.last = first - 1;
  }
  Status entry(uint64_t index, LogPosition position) {
    if (!is_begun_) begin(index);
    if (index == 0 || index != journal_.last + 1) {
      return {StatusCode::CORRUPTION, "journal entry: expected index " +
                                          std::to_string(journal_.last + 1) + ", found " +
                                          std::to_string(index)};
    }
    journal_.last = index;
    journal_.index.note(index, position);
    return Status::ok();
  }
  void start(uint64_t index) {
    if (!is_begun_ || index > journal_.last + 1) {
      begin(index);
      journal_.index.clear();
      return;
    }
    journal_.first = std::max(journal_.first, index);
    journal_.index.drop_below(index);
  }
  void cut(uint64_t index) {
    if (!is_begun_ || index >= journal_.last) return;
    journal_.last = std::max(index, journal_.first - 1);
    journal_.index.drop_above(journal_.last);
  }

  RecoveredJournal& journal_;
  bool is_begun_ = false;
};

}  // namespace

Result<RecoveredJournal> recover_journal(FileSystem& files, const std::string& directory) {
  RecoveredJournal journal;
  KVHOST_TRY_ASSIGN(journal.meta, read_meta(files, directory));
  Replay replay(journal);
  const auto callback = [&](std::string_view payload, LogPosition position) {
    const Status taken = replay.take(payload, position);
    return taken.is_ok() ? taken
                         : taken.with_context(directory + ": log at " + to_string(position));
  };
  KVHOST_TRY_ASSIGN(journal.end, recover_log(files, directory, {journal.meta.start, {}}, callback));
  replay.finish();
  return journal;
}

}  // namespace kvhost::engine
