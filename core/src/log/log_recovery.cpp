#include "log/log_recovery.hpp"

#include <algorithm>
#include <optional>

#include "log/segment_chain.hpp"

namespace kvhost::engine {
namespace {

// Something that knows the log to have been durable beyond a bad record.
struct Proof {
  LogPosition durable;
  std::string source;
};

class Recovery {
 public:
  Recovery(const LogStart& start, const SegmentChain& chain, const LogRecordCallback& callback)
      : start_(start), chain_(chain), callback_(callback) {}

  Result<LogEnd> run() {
    end_.position = start_.from;
    for (std::size_t i = 0; i < chain_.size(); ++i) {
      KVHOST_TRY_ASSIGN(const bool whole, read_segment(i));
      end_.replayed.push_back(chain_[i]->header().number);
      end_.incarnation = chain_[i]->header().incarnation;
      if (!whole) break;
    }
    return std::move(end_);
  }

 private:
  uint64_t number(std::size_t i) const { return chain_[i]->header().number; }
  bool is_last(std::size_t i) const { return i + 1 == chain_.size(); }

  // False when the log ends in this segment although others follow it.
  Result<bool> read_segment(std::size_t i) {
    SegmentReader& segment = *chain_[i];
    const uint64_t limit =
        is_last(i) ? segment.file_bytes() : chain_[i + 1]->header().previous_end.offset;
    uint64_t offset = kSegmentHeaderSize;
    if (number(i) == start_.from.segment) offset = std::max(offset, start_.from.offset);
    if (offset > segment.file_bytes()) return start_beyond_file(segment);
    end_.position = {number(i), std::max(offset, is_last(i) ? 0 : limit)};
    // An empty segment of a log that went on elsewhere, or one whose tail was given up before
    // `from`.
    if (!is_last(i) && offset >= limit) return true;
    while (offset < limit) {
      KVHOST_TRY_ASSIGN(const SegmentEntry entry, segment.read(offset));
      end_.position.offset = offset;
      if (!entry.good()) return stop_at(i, entry);
      if (entry.end() > limit) return crosses(segment, entry, limit);
      if (entry.kind == RecordKind::kPayload) {
        KVHOST_TRY(callback_(entry.payload, end_.position));
        ++end_.records;
      }
      offset = entry.end();
    }
    end_.position.offset = offset;
    return true;
  }

  // The log ends at a bad record, unless that was durable once.
  Result<bool> stop_at(std::size_t i, const SegmentEntry& bad) {
    if (bad.state == SegmentEntry::State::kTorn) end_.discarded_bytes += record_bytes(i, bad);
    KVHOST_TRY_ASSIGN(const auto proof, find_proof(i, bad.offset));
    if (!proof) return false;
    return Status(StatusCode::CORRUPTION,
                  chain_[i]->path() + ": record at offset " + std::to_string(bad.offset) + ": " +
                      bad.problem + "; the log was durable up to " + to_string(proof->durable) +
                      " (says " + proof->source +
                      "), so this is damage and not a crash's torn end");
  }

  // What a torn record takes up; its header may claim more than the file holds.
  uint64_t record_bytes(std::size_t i, const SegmentEntry& entry) const {
    return std::min(entry.bytes, chain_[i]->file_bytes() - entry.offset);
  }

  Result<std::optional<Proof>> find_proof(std::size_t i, uint64_t offset) {
    const LogPosition at{number(i), offset};
    if (start_.durable_hint > at) {
      return std::optional(Proof{start_.durable_hint, "the MANIFEST"});
    }
    uint64_t from = offset + kRecordAlignment;
    for (std::size_t later = i; later < chain_.size(); ++later, from = kSegmentHeaderSize) {
      SegmentReader& segment = *chain_[later];
      if (later > i && segment.header().durable > at) {
        return std::optional(Proof{segment.header().durable, "the header of " + segment.path()});
      }
      KVHOST_TRY_ASSIGN(auto proof, find_proof_in(segment, from, at));
      if (proof) return proof;
    }
    return std::optional<Proof>();
  }

  Result<std::optional<Proof>> find_proof_in(SegmentReader& segment, uint64_t from,
                                             LogPosition at) {
    for (;;) {
      KVHOST_TRY_ASSIGN(const auto entry, segment.find_good(from));
      if (!entry) return std::optional<Proof>();
      if (entry->durable.has_value() && *entry->durable > at) {
        return std::optional(Proof{*entry->durable, "the record at " + segment.path() + " offset " +
                                                        std::to_string(entry->offset)});
      }
      end_.discarded_bytes += entry->bytes;
      from = entry->end();
    }
  }

  static Status crosses(const SegmentReader& segment, const SegmentEntry& entry, uint64_t limit) {
    return {StatusCode::CORRUPTION,
            segment.path() + ": record at offset " + std::to_string(entry.offset) +
                ": expected an end at or "
                "before " +
                std::to_string(limit) +
                ", where the next segment says the log left this one, found " +
                std::to_string(entry.end())};
  }

  Status start_beyond_file(const SegmentReader& segment) const {
    return {StatusCode::CORRUPTION,
            segment.path() + ": expected at least " + std::to_string(start_.from.offset) +
                " bytes, where recovery starts, found " + std::to_string(segment.file_bytes())};
  }

  const LogStart& start_;
  const SegmentChain& chain_;
  const LogRecordCallback& callback_;
  LogEnd end_;
};

}  // namespace

Result<LogEnd> recover_log(FileSystem& files, const std::string& directory, const LogStart& start,
                           const LogRecordCallback& callback) {
  KVHOST_TRY_ASSIGN(const auto names, files.list(directory));
  const std::vector<uint64_t> numbers = segment_numbers(names);
  KVHOST_TRY_ASSIGN(const SegmentChain chain,
                    open_segment_chain(files, directory, numbers, start.from));
  KVHOST_TRY_ASSIGN(LogEnd end, Recovery(start, chain, callback).run());
  if (start.durable_hint > end.position) {
    return Status(StatusCode::CORRUPTION,
                  directory + ": expected the log to reach " + to_string(start.durable_hint) +
                      ", which the MANIFEST knows to have been durable, found its end at " +
                      to_string(end.position));
  }
  end.next_segment = (numbers.empty() ? 0 : numbers.back()) + 1;
  return end;
}

}  // namespace kvhost::engine
