#include "sstable/verify_table.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "format/entry_hash.hpp"
#include "sstable/table_iterator.hpp"

namespace kvhost::engine {
namespace {

constexpr std::size_t kReadBytes = 1u << 20;

class Verifier {
 public:
  explicit Verifier(const OpenTable& table) : table_(table) {
    found_ = table.properties();
    found_.entries = found_.tombstones = found_.distinct_keys = 0;
    found_.raw_key_bytes = found_.raw_value_bytes = 0;
    found_.expiring_entries = found_.min_expires_at_ms = found_.max_expires_at_ms = 0;
    found_.min_sequence = UINT64_MAX;
    found_.max_sequence = 0;
    found_.entries_hash = 0;
    found_.range_tombstones = table.range_tombstones()->tombstones().size();
    found_.data_blocks = table.fences().blocks();
    found_.data_bytes = table.footer().data_end - kTableHeaderBytes;
  }

  Status run() {
    TableIterator iterator(table_, {.fill_cache = false, .readahead_bytes = kReadBytes});
    for (iterator.seek_to_first(); iterator.valid(); iterator.next()) KVHOST_TRY(check(iterator));
    KVHOST_TRY(iterator.status());
    for (const RangeTombstone& one : table_.range_tombstones()->tombstones()) {
      note_sequence(one.sequence);
      const TableProperties& stated = table_.properties();
      if (one.start < stated.smallest_key || one.end > stated.largest_key) {
        return damaged(table_.footer().range_tombstones.offset,
                       "a range tombstone lies outside of the table's bounds");
      }
    }
    KVHOST_TRY(check_gaps());
    return compare_properties();
  }

 private:
  Status damaged(uint64_t offset, const std::string& what) const {
    return table_corruption(table_.path(), offset, what);
  }

  // What lies between the blocks was written as zeros and means nothing; a change of it is still a
  // change of the file.
  Status check_gaps() const {
    const TableFooter& footer = table_.footer();
    std::vector<BlockHandle> parts = {{0, kTableHeaderBytes},
                                      {kTableHeaderBytes, footer.data_end - kTableHeaderBytes},
                                      footer.filter,
                                      footer.range_tombstones,
                                      footer.fences,
                                      footer.properties,
                                      {footer.file_size - kTableFooterBytes, kTableFooterBytes}};
    std::sort(parts.begin(), parts.end(), [](const BlockHandle& a, const BlockHandle& b) {
      return a.offset < b.offset;
    });
    uint64_t end = 0;
    for (const BlockHandle& part : parts) {
      if (part.size == 0) continue;
      if (part.offset > end) {
        KVHOST_TRY_ASSIGN(const BlockBuffer gap, table_.read({end, part.offset - end}));
        const std::size_t at = gap.view().find_first_not_of('\0');
        if (at != std::string_view::npos) {
          return damaged(end + at, "between blocks: expected zeros, found other bytes");
        }
      }
      end = std::max(end, part.offset + part.size);
    }
    return Status::ok();
  }

  void note_sequence(SequenceNumber sequence) {
    found_.min_sequence = std::min(found_.min_sequence, sequence);
    found_.max_sequence = std::max(found_.max_sequence, sequence);
  }

  Status check(const TableIterator& iterator) {
    const Record& record = iterator.record();
    const std::size_t block = iterator.block_index();
    const uint64_t offset = table_.fences().handle(block).offset;
    const bool is_first = found_.entries == 0;
    if (!is_first &&
        compare_internal(last_key_, last_sequence_, record.key, record.sequence) >= 0) {
      return damaged(offset, "records are out of order: after sequence " +
                                 std::to_string(last_sequence_) + " comes " +
                                 std::to_string(record.sequence));
    }
    if (block != last_block_) {
      if (record.key < table_.fences().fence(block))
        return damaged(offset, "block begins before its fence");
      if (table_.fences().continues(block) != (!is_first && last_key_ == record.key)) {
        return damaged(offset, "fence is marked wrongly");
      }
    }
    if (block + 1 < table_.fences().blocks() && !table_.fences().continues(block + 1) &&
        record.key >= table_.fences().fence(block + 1)) {
      return damaged(offset, "block holds a key beyond the next fence");
    }
    const uint64_t hash = key_hash(record.key);
    if (iterator.tag() != key_tag(hash)) {
      return damaged(offset, "tag of a record: " + expected_found(key_tag(hash), iterator.tag()));
    }
    if (!table_.filter().may_contain(hash)) {
      return damaged(table_.footer().filter.offset, "filter lacks a key of the table");
    }
    count(record, hash, is_first);
    last_block_ = block;
    return Status::ok();
  }

  void count(const Record& record, uint64_t hash, bool is_first) {
    if (is_first || record.key != last_key_) ++found_.distinct_keys;
    ++found_.entries;
    found_.tombstones += record.type == RecordType::kTombstone ? 1 : 0;
    found_.raw_key_bytes += record.key.size();
    found_.raw_value_bytes += record.value.size();
    found_.entries_hash += record_hash(record, hash);
    note_sequence(record.sequence);
    if (record.expires_at_ms != 0) {
      const bool is_first_expiry = found_.expiring_entries++ == 0;
      if (is_first_expiry || record.expires_at_ms < found_.min_expires_at_ms) {
        found_.min_expires_at_ms = record.expires_at_ms;
      }
      found_.max_expires_at_ms = std::max(found_.max_expires_at_ms, record.expires_at_ms);
    }
    last_key_.assign(record.key);
    last_sequence_ = record.sequence;
  }

  Status compare_properties() const {
    const TableProperties& stated = table_.properties();
    struct Figure {
      const char* name;
      uint64_t stated, found;
    };
    const Figure figures[] = {
        {"entries", stated.entries, found_.entries},
        {"tombstones", stated.tombstones, found_.tombstones},
        {"range tombstones", stated.range_tombstones, found_.range_tombstones},
        {"distinct keys", stated.distinct_keys, found_.distinct_keys},
        {"raw key bytes", stated.raw_key_bytes, found_.raw_key_bytes},
        {"raw value bytes", stated.raw_value_bytes, found_.raw_value_bytes},
        {"data blocks", stated.data_blocks, found_.data_blocks},
        {"data bytes", stated.data_bytes, found_.data_bytes},
        {"lowest sequence number", stated.min_sequence, found_.min_sequence},
        {"highest sequence number", stated.max_sequence, found_.max_sequence},
        {"expiring entries", stated.expiring_entries, found_.expiring_entries},
        {"earliest expiry", stated.min_expires_at_ms, found_.min_expires_at_ms},
        {"latest expiry", stated.max_expires_at_ms, found_.max_expires_at_ms},
        {"hash of the entries", stated.entries_hash, found_.entries_hash},
    };
    const uint64_t offset = table_.footer().properties.offset;
    for (const Figure& one : figures) {
      if (one.stated == one.found) continue;
      return damaged(offset, std::string("properties: ") + one.name + ": " +
                                 expected_found(one.stated, one.found));
    }
    if (stated.identity != table_.footer().identity) {
      return damaged(offset, "properties state another file identity: expected " +
                                 table_.footer().identity.to_string() + ", found " +
                                 stated.identity.to_string());
    }
    if (found_.entries > 0 && (last_key_ > stated.largest_key ||
                               (last_key_ == stated.largest_key && stated.largest_is_exclusive))) {
      return damaged(offset, "a record lies beyond the table's largest key");
    }
    return Status::ok();
  }

  const OpenTable& table_;
  TableProperties found_;
  std::string last_key_;
  SequenceNumber last_sequence_ = 0;
  std::size_t last_block_ = SIZE_MAX;
};

}  // namespace

Status verify_table(const OpenTable& table) { return Verifier(table).run(); }

}  // namespace kvhost::engine
