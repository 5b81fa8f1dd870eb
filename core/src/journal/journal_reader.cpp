#include "journal/journal_reader.hpp"

#include <memory>
#include <utility>

#include "journal/journal_format.hpp"
#include "log/segment_reader.hpp"

namespace kvhost::engine {
namespace {

// Where an entry's payload lies in the buffer that grows while it is filled.
struct Placed {
  uint64_t index = 0;
  uint64_t term = 0;
  std::size_t offset = 0;
  std::size_t size = 0;
};

Status damaged(const std::string& path, uint64_t offset, const std::string& what) {
  return {StatusCode::CORRUPTION,
          path + ": record at offset " + std::to_string(offset) + ": " + what};
}

}  // namespace

Status read_journal_run(FileSystem& files, const std::string& directory, const JournalRun& run,
                        uint64_t max_bytes, JournalSlice& slice) {
  const std::string path = directory + "/" + segment_file_name(run.start.position.segment);
  KVHOST_TRY_ASSIGN(const auto segment,
                    SegmentReader::open(files, path, run.start.position.segment));
  const auto buffer = std::make_shared<std::string>();
  std::vector<Placed> placed;
  uint64_t expected = run.start.index;
  uint64_t offset = run.start.position.offset;
  while (expected < run.end) {
    KVHOST_TRY_ASSIGN(const SegmentEntry found, segment->read(offset));
    if (!found.good()) return damaged(path, offset, found.problem);
    KVHOST_TRY_ASSIGN(const JournalRecord record, decode_journal_record(found.payload));
    const uint64_t at = std::exchange(offset, found.end());
    if (record.type != JournalRecordType::kEntry) continue;
    if (record.index != expected) {
      return damaged(path, at,
                     "expected the entry with index " + std::to_string(expected) +
                         ", found index " + std::to_string(record.index));
    }
    ++expected;
    if (record.index < run.from) continue;
    if (!placed.empty() && buffer->size() + record.payload.size() > max_bytes) break;
    placed.push_back({record.index, record.term, buffer->size(), record.payload.size()});
    buffer->append(record.payload);
  }
  for (const Placed& entry : placed) {
    slice.entries.push_back(
        {entry.index, entry.term, std::string_view(*buffer).substr(entry.offset, entry.size)});
  }
  slice.pins.push_back(buffer);
  return Status::ok();
}

}  // namespace kvhost::engine
