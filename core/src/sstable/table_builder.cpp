#include "sstable/table_builder.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/assert.hpp"
#include "format/entry_hash.hpp"
#include "sstable/block_envelope.hpp"
#include "sstable/data_block_builder.hpp"
#include "sstable/fences.hpp"
#include "sstable/filter.hpp"
#include "sstable/small_blocks.hpp"
#include "sstable/table_frame.hpp"

namespace kvhost::engine {
namespace {

constexpr uint64_t kPage = 4096;
// Handed to the file in pieces of this size, not block by block.
constexpr std::size_t kWriteBytes = 256u << 10;

// Key and value together: a block of one such record stays below what its sizes can say.
constexpr std::size_t kMaxRecordBytes = 1u << 30;

constexpr uint64_t round_up(uint64_t value, uint64_t to) { return (value + to - 1) / to * to; }

}  // namespace

class TableBuilder::Impl {
 public:
  Impl(const TableOptions& options, std::unique_ptr<WritableFile> file, std::string path)
      : options_(options),
        file_(std::move(file)),
        path_(std::move(path)),
        is_aligned_(options.codec == Codec::kNone && options.block_bytes >= kPage),
        sealer_(options.identity, options.zstd_level),
        filter_(options.filter_bits_per_key) {
    pending_ = encode_table_header(options.identity);
    offset_ = pending_.size();
    properties_.identity = options.identity;
    properties_.codec = options.codec;
  }

  ~Impl() {
    if (file_ != nullptr) static_cast<void>(file_->close());
  }

  Status add(const Record& record);
  void add_range_tombstone(const RangeTombstone& tombstone);
  Result<TableProperties> finish();

  uint64_t entries() const { return properties_.entries; }
  uint64_t estimated_file_size() const {
    return offset_ + block_.block_bytes() + filter_.block_bytes() + fences_.block_bytes() +
           tombstone_bytes_ + 2 * kTableFooterBytes + 6 * kBlockTrailerBytes;
  }

 private:
  struct OwnedTombstone {
    std::string start, end;
    SequenceNumber sequence;
  };

  bool must_cut_before(const Record& record);
  void count(const Record& record);
  void count_sequence(SequenceNumber sequence);
  Status write_data_block(bool is_last);
  Status write(std::string_view bytes);
  Result<BlockHandle> write_block(std::string_view payload, BlockKind kind);
  Status write_range_tombstones(TableFooter& footer);
  void note_bounds();
  Status flush_and_close();

  const TableOptions options_;
  std::unique_ptr<WritableFile> file_;
  const std::string path_;
  // Blocks end at multiples of kPage.
  const bool is_aligned_;
  BlockSealer sealer_;
  DataBlockBuilder block_;
  FilterBuilder filter_;
  FenceBuilder fences_;
  TableProperties properties_;
  std::vector<OwnedTombstone> tombstones_;
  uint64_t tombstone_bytes_ = 0;
  std::string last_key_;
  SequenceNumber last_sequence_ = 0;
  uint64_t last_hash_ = 0;
  // Where the block at hand is to end, when aligned.
  uint64_t block_end_ = 0;
  // Bytes of the file so far, pending_ included, which is not written yet.
  uint64_t offset_ = 0;
  std::string pending_;
  Status failed_;
};

Status TableBuilder::Impl::add(const Record& record) {
  KVHOST_ASSERT(file_ != nullptr, "add() after finish()");
  KVHOST_ASSERT(record.type == RecordType::kPut || record.type == RecordType::kTombstone,
                "a table takes puts and tombstones; ranges go through add_range_tombstone()");
  KVHOST_ASSERT(record.sequence <= kMaxSequence, "a sequence number is out of bounds");
  KVHOST_TRY(failed_);
  if (record.key.size() + record.value.size() > kMaxRecordBytes) {
    return {StatusCode::TOO_LARGE,
            path_ + ": a record of " + std::to_string(record.key.size() + record.value.size()) +
                " bytes, a table takes at most " + std::to_string(kMaxRecordBytes)};
  }
  const bool is_first = properties_.entries == 0;
  const bool is_new_key = is_first || record.key != last_key_;
  if (is_new_key) {
    KVHOST_ASSERT(is_first || last_key_ < record.key, "records came out of order");
    last_hash_ = key_hash(record.key);
    filter_.add(last_hash_);
    ++properties_.distinct_keys;
    if (is_first) properties_.smallest_key.assign(record.key);
    last_key_.assign(record.key);
  } else {
    KVHOST_ASSERT(record.sequence < last_sequence_, "versions of a key came out of order");
  }
  if (!block_.empty() && must_cut_before(record)) {
    failed_ = write_data_block(false);
    KVHOST_TRY(failed_);
  }
  const bool starts_block = block_.empty();
  block_.add(record, key_tag(last_hash_));
  if (starts_block && is_aligned_) {
    const uint64_t wanted = (offset_ + options_.block_bytes) / kPage * kPage;
    const uint64_t needed = offset_ + block_.block_bytes() + kBlockTrailerBytes;
    block_end_ = std::max(wanted, round_up(needed, kPage));
  }
  last_sequence_ = record.sequence;
  count(record);
  return Status::ok();
}

bool TableBuilder::Impl::must_cut_before(const Record& record) {
  const uint64_t limit =
      is_aligned_ ? block_end_ - offset_ - kBlockTrailerBytes : options_.block_bytes;
  if (block_.upper_bound_with(record) <= limit) return false;
  const uint64_t size = block_.block_bytes_with(record);
  if (size <= limit) return false;
  if (!is_aligned_) return true;
  const uint64_t empty = limit - block_.block_bytes();
  if (empty <= (block_end_ - offset_) / 8) return true;
  block_end_ = round_up(offset_ + size + kBlockTrailerBytes, kPage);
  return false;
}

void TableBuilder::Impl::count(const Record& record) {
  ++properties_.entries;
  properties_.tombstones += record.type == RecordType::kTombstone ? 1 : 0;
  properties_.raw_key_bytes += record.key.size();
  properties_.raw_value_bytes += record.value.size();
  properties_.entries_hash += record_hash(record, last_hash_);
  count_sequence(record.sequence);
  if (record.expires_at_ms == 0) return;
  const bool is_first = properties_.expiring_entries++ == 0;
  if (is_first || record.expires_at_ms < properties_.min_expires_at_ms) {
    properties_.min_expires_at_ms = record.expires_at_ms;
  }
  properties_.max_expires_at_ms = std::max(properties_.max_expires_at_ms, record.expires_at_ms);
}

void TableBuilder::Impl::count_sequence(SequenceNumber sequence) {
  const bool is_first = properties_.entries + properties_.range_tombstones == 1;
  if (is_first || sequence < properties_.min_sequence) properties_.min_sequence = sequence;
  properties_.max_sequence = std::max(properties_.max_sequence, sequence);
}

void TableBuilder::Impl::add_range_tombstone(const RangeTombstone& tombstone) {
  KVHOST_ASSERT(file_ != nullptr, "add_range_tombstone() after finish()");
  KVHOST_ASSERT(tombstone.sequence <= kMaxSequence, "a sequence number is out of bounds");
  if (tombstone.start >= tombstone.end) return;
  tombstones_.push_back(
      {std::string(tombstone.start), std::string(tombstone.end), tombstone.sequence});
  tombstone_bytes_ += tombstone.start.size() + tombstone.end.size() + 16;
  ++properties_.range_tombstones;
  count_sequence(tombstone.sequence);
}

// The last block is not padded: a small table stays small.
Status TableBuilder::Impl::write_data_block(bool is_last) {
  const std::string first(block_.first_key());
  const std::string last(block_.last_key());
  const uint64_t stored_bytes = is_aligned_ && !is_last ? block_end_ - offset_ : 0;
  const std::string stored =
      sealer_.seal(block_.finish(), BlockKind::kData, options_.codec, offset_, stored_bytes);
  KVHOST_ASSERT(stored_bytes == 0 || stored.size() == stored_bytes,
                "a data block grew beyond the place that was measured for it");
  fences_.add_block(first, last, stored.size());
  ++properties_.data_blocks;
  properties_.data_bytes += stored.size();
  return write(stored);
}

Status TableBuilder::Impl::write(std::string_view bytes) {
  pending_.append(bytes);
  offset_ += bytes.size();
  if (pending_.size() < kWriteBytes) return Status::ok();
  const Status written = file_->append(pending_);
  pending_.clear();
  return written;
}

Result<BlockHandle> TableBuilder::Impl::write_block(std::string_view payload, BlockKind kind) {
  const BlockHandle handle{offset_, payload.size() + kBlockTrailerBytes};
  KVHOST_TRY(write(sealer_.seal(payload, kind, Codec::kNone, offset_)));
  return handle;
}

Status TableBuilder::Impl::write_range_tombstones(TableFooter& footer) {
  std::vector<RangeTombstone> views;
  views.reserve(tombstones_.size());
  for (const OwnedTombstone& one : tombstones_) views.push_back({one.start, one.end, one.sequence});
  std::sort(views.begin(), views.end(), [](const RangeTombstone& a, const RangeTombstone& b) {
    return compare_internal(a.start, a.sequence, b.start, b.sequence) < 0;
  });
  KVHOST_TRY_ASSIGN(footer.range_tombstones,
                    write_block(encode_range_tombstones(views), BlockKind::kRangeTombstones));
  return Status::ok();
}

void TableBuilder::Impl::note_bounds() {
  if (properties_.entries > 0) properties_.largest_key = last_key_;
  bool has_bounds = properties_.entries > 0;
  for (const OwnedTombstone& one : tombstones_) {
    if (!has_bounds || one.start < properties_.smallest_key) properties_.smallest_key = one.start;
    // An end that equals the largest key adds nothing: the key itself is there.
    if (!has_bounds || one.end > properties_.largest_key) {
      properties_.largest_key = one.end;
      properties_.largest_is_exclusive = true;
    }
    has_bounds = true;
  }
}

Result<TableProperties> TableBuilder::Impl::finish() {
  KVHOST_ASSERT(file_ != nullptr, "finish() was called twice");
  KVHOST_ASSERT(!properties_.empty(), "a table without records and range tombstones was finished");
  KVHOST_TRY(failed_);
  if (!block_.empty()) KVHOST_TRY(write_data_block(true));
  TableFooter footer;
  footer.identity = options_.identity;
  footer.data_end = offset_;
  if (const std::string filter = filter_.finish(); !filter.empty()) {
    KVHOST_TRY(write(std::string(round_up(offset_, Filter::kLineBytes) - offset_, '\0')));
    KVHOST_TRY_ASSIGN(footer.filter, write_block(filter, BlockKind::kFilter));
  }
  if (!tombstones_.empty()) KVHOST_TRY(write_range_tombstones(footer));
  KVHOST_TRY_ASSIGN(footer.fences,
                    write_block(fences_.finish(kTableHeaderBytes), BlockKind::kFences));
  note_bounds();
  KVHOST_TRY_ASSIGN(footer.properties,
                    write_block(encode_properties(properties_), BlockKind::kProperties));
  footer.file_size = offset_ + kTableFooterBytes;
  KVHOST_TRY(write(footer.encode()));
  KVHOST_TRY(flush_and_close());
  properties_.file_bytes = footer.file_size;
  return properties_;
}

Status TableBuilder::Impl::flush_and_close() {
  const std::unique_ptr<WritableFile> file = std::move(file_);
  Status result = file->append(pending_);
  if (result.is_ok()) result = file->sync();
  const Status closed = file->close();
  if (result.is_ok()) result = closed;
  return result;
}

TableBuilder::TableBuilder(const TableOptions& options, std::unique_ptr<WritableFile> file,
                           std::string path)
    : impl_(std::make_unique<Impl>(options, std::move(file), std::move(path))) {}
TableBuilder::~TableBuilder() = default;

Status TableBuilder::add(const Record& record) { return impl_->add(record); }
void TableBuilder::add_range_tombstone(const RangeTombstone& tombstone) {
  impl_->add_range_tombstone(tombstone);
}
Result<TableProperties> TableBuilder::finish() { return impl_->finish(); }
uint64_t TableBuilder::entries() const { return impl_->entries(); }
uint64_t TableBuilder::estimated_file_size() const { return impl_->estimated_file_size(); }

}  // namespace kvhost::engine
