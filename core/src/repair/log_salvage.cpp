#include "repair/log_salvage.hpp"

#include <algorithm>
#include <map>
#include <memory>

#include "format/log_batch.hpp"
#include "log/log_format.hpp"
#include "log/segment_chain.hpp"
#include "log/segment_reader.hpp"

namespace kvhost::engine {

namespace {

bool is_damage(const Status& status) {
  return status.code() == StatusCode::CORRUPTION || status.code() == StatusCode::FORMAT_UNSUPPORTED;
}

Status check_batch(std::string_view payload) {
  LogBatchDecoder batch(payload);
  while (batch.next()) {
  }
  return batch.status();
}

class Salvage {
 public:
  Salvage(FileSystem& files, const std::string& directory, const SalvageStart& start,
          const SalvageCallback& callback)
      : files_(files),
        directory_(directory),
        start_(start.log),
        in_tables_(start.in_tables),
        seen_(start.seen),
        callback_(callback) {
    result_.last_sequence = in_tables_;
  }

  Result<SalvagedLog> run() {
    KVHOST_TRY_ASSIGN(const bool there, files_.exists(directory_));
    if (!there) {
      result_.lost.push_back(directory_ + ": expected the log's directory, found none");
      return std::move(result_);
    }
    KVHOST_TRY_ASSIGN(const bool is_sound, recovers());
    if (is_sound) {
      const auto take = [this](std::string_view payload, LogPosition) {
        return this->take(payload);
      };
      KVHOST_TRY(recover_log(files_, directory_, start_, take).status());
      return std::move(result_);
    }
    result_.was_damaged = true;
    KVHOST_TRY(open_segments());
    for (auto& [number, segment] : segments_) KVHOST_TRY(read(*segment));
    return std::move(result_);
  }

 private:
  // Whether recovery would take the log.
  Result<bool> recovers() const {
    SequenceNumber last = in_tables_;
    const auto check = [&](std::string_view payload, LogPosition) -> Status {
      KVHOST_TRY(check_batch(payload));
      const LogBatchHeader header = LogBatchDecoder(payload).header();
      const SequenceNumber newest = header.first_sequence + header.effects - 1;
      if (header.effects == 0 || newest <= in_tables_) return Status::ok();
      if (header.first_sequence <= last) return {StatusCode::CORRUPTION, "out of order"};
      last = newest;
      return Status::ok();
    };
    const auto end = recover_log(files_, directory_, start_, check);
    if (!end && !is_damage(end.error())) return end.error();
    return end.has_value();
  }

  // The segments whose headers can be read, without those that a later one says were given up.
  Status open_segments() {
    KVHOST_TRY_ASSIGN(const auto names, files_.list(directory_));
    for (const uint64_t number : segment_numbers(names)) {
      if (number < start_.from.segment) continue;
      const std::string path = directory_ + "/" + segment_file_name(number);
      auto segment = SegmentReader::open(files_, path, number);
      if (!segment && !is_damage(segment.error())) return segment.error();
      if (!segment) {
        result_.lost.push_back("all of " + path + ": " + segment.error().message());
        continue;
      }
      const uint64_t previous = (*segment)->header().previous_end.segment;
      for (auto at = segments_.upper_bound(previous); at != segments_.end();) {
        at = segments_.erase(at);
      }
      // Where nobody knows the beginning, the oldest segment may be it.
      const bool is_needed =
          previous >= start_.from.segment && (start_.from.segment != 0 || !segments_.empty());
      if (previous != 0 && is_needed && !segments_.contains(previous)) {
        note_missing(previous, path);
      }
      segments_[number] = std::move(*segment);
    }
    return Status::ok();
  }

  void note_missing(uint64_t number, const std::string& successor) {
    const std::string path = directory_ + "/" + segment_file_name(number);
    if (const auto there = files_.exists(path); there && *there) return;  // told already
    result_.lost.push_back("all of " + path + ": " + successor +
                           " goes on from it, found no such file");
  }

  // Where the next segment says the log left this one; behind it lie bytes that were given up.
  uint64_t end_of(const SegmentReader& segment) const {
    const auto next = segments_.upper_bound(segment.header().number);
    if (next == segments_.end()) return segment.file_bytes();
    const LogPosition left = next->second->header().previous_end;
    return left.segment == segment.header().number ? left.offset : segment.file_bytes();
  }

  Status read(SegmentReader& segment) {
    const uint64_t limit = end_of(segment);
    uint64_t offset = kSegmentHeaderSize;
    if (segment.header().number == start_.from.segment) {
      offset = std::max(offset, start_.from.offset);
    }
    while (offset < limit) {
      KVHOST_TRY_ASSIGN(const SegmentEntry entry, segment.read(offset));
      if (entry.good() && entry.end() <= limit) {
        if (entry.kind == RecordKind::kPayload) KVHOST_TRY(take_if_sound(segment, entry));
        offset = entry.end();
        continue;
      }
      KVHOST_TRY_ASSIGN(const auto next, segment.find_good(offset + kRecordAlignment));
      const bool is_end = !next || next->offset >= limit;
      const uint64_t resumed = is_end ? limit : next->offset;
      // Zeros up to the end of the newest segment are simply its end.
      if (!(is_end && limit == segment.file_bytes() &&
            entry.state == SegmentEntry::State::kAbsent)) {
        result_.lost.push_back(segment.path() + ", offsets " + std::to_string(offset) + " to " +
                               std::to_string(resumed) + ": " + entry.problem);
      }
      offset = resumed;
    }
    return Status::ok();
  }

  Status take_if_sound(const SegmentReader& segment, const SegmentEntry& entry) {
    if (const Status sound = check_batch(entry.payload); !sound) {
      result_.lost.push_back(segment.path() + ", record at offset " + std::to_string(entry.offset) +
                             ": " + sound.message());
      return Status::ok();
    }
    return take(entry.payload);
  }

  Status take(std::string_view payload) {
    const LogBatchHeader header = LogBatchDecoder(payload).header();
    result_.last_now_ms = std::max(result_.last_now_ms, header.now_ms);
    const SequenceNumber newest = header.first_sequence + header.effects - 1;
    if (header.effects == 0 || newest <= in_tables_) return Status::ok();
    // A batch that does not follow those before it belongs to a past that was given up.
    if (header.first_sequence <= result_.last_sequence) return Status::ok();
    const SequenceNumber known = std::max(result_.last_sequence, seen_);
    if (result_.was_damaged && header.first_sequence > known + 1) {
      result_.lost.push_back("sequence numbers " + std::to_string(known + 1) + " to " +
                             std::to_string(header.first_sequence - 1) +
                             ": in no record of the log that is whole (or never used)");
    }
    result_.last_sequence = newest;
    ++result_.batches;
    return callback_(payload);
  }

  FileSystem& files_;
  const std::string& directory_;
  const LogStart start_;
  const SequenceNumber in_tables_;
  const SequenceNumber seen_;
  const SalvageCallback& callback_;
  std::map<uint64_t, std::unique_ptr<SegmentReader>> segments_;
  SalvagedLog result_;
};

}  // namespace

Result<SalvagedLog> salvage_log(FileSystem& files, const std::string& directory,
                                const SalvageStart& start, const SalvageCallback& callback) {
  return Salvage(files, directory, start, callback).run();
}

}  // namespace kvhost::engine
