// The bytes of a journal: what a record of its log says, and the META file.
//
// Threads:   any.
// Errors:    CORRUPTION and FORMAT_UNSUPPORTED, worded without the file's path.
// Format:    docs/formats/journal.md
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "kvhost/engine/journal.hpp"
#include "kvhost/result.hpp"
#include "log/log_position.hpp"

namespace kvhost::engine {

enum class JournalRecordType : uint8_t {
  kEntry = 1,
  kStart = 2,  // nothing below `index` counts; an index beyond the end empties the journal
  kCut = 3,    // nothing above `index` counts
};

inline constexpr std::size_t kJournalEntryHead = 1 + 8 + 8;
inline constexpr std::size_t kJournalIndexRecordBytes = 1 + 8;

struct JournalRecord {
  JournalRecordType type = JournalRecordType::kEntry;
  uint64_t index = 0;
  uint64_t term = 0;         // kEntry
  std::string_view payload;  // kEntry
};

void append_journal_record(std::string& out, const JournalRecord& record);
// Borrows `bytes`.
Result<JournalRecord> decode_journal_record(std::string_view bytes);

inline constexpr std::string_view kJournalMetaName = "META";
inline constexpr std::string_view kJournalMetaMagic = "KVHOSTJM";
inline constexpr uint32_t kJournalMetaVersion = 1;
inline constexpr uint64_t kMaxJournalMetaFile = uint64_t{8} << 20;

// What is kept beside the log.
struct JournalMeta {
  // Nothing below it counts.
  uint64_t first = 1;
  // Where reading the log begins; {0, 0}: at its first segment.
  LogPosition start;
  std::map<std::string, std::string, std::less<>> values;
};

std::string encode_journal_meta(const JournalMeta& meta);
Result<JournalMeta> decode_journal_meta(std::string_view bytes);

}  // namespace kvhost::engine
