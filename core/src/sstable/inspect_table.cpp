#include "kvhost/engine/inspect_table.hpp"

#include <utility>

#include "sstable/open_table.hpp"
#include "sstable/table_iterator.hpp"
#include "sstable/verify_table.hpp"

namespace kvhost::engine {
namespace {

void describe_properties(const TableProperties& properties, InspectedTable& report) {
  report.identity = properties.identity.to_string();
  report.format_version = kTableFormatVersion;
  report.codec = codec_name(properties.codec);
  report.entries = properties.entries;
  report.tombstones = properties.tombstones;
  report.distinct_keys = properties.distinct_keys;
  report.raw_key_bytes = properties.raw_key_bytes;
  report.raw_value_bytes = properties.raw_value_bytes;
  report.data_blocks = properties.data_blocks;
  report.data_bytes = properties.data_bytes;
  report.file_bytes = properties.file_bytes;
  report.min_sequence = properties.min_sequence;
  report.max_sequence = properties.max_sequence;
  report.smallest_key = properties.smallest_key;
  report.largest_key = properties.largest_key;
  report.largest_is_exclusive = properties.largest_is_exclusive;
  report.expiring_entries = properties.expiring_entries;
  report.min_expires_at_ms = properties.min_expires_at_ms;
  report.max_expires_at_ms = properties.max_expires_at_ms;
  report.entries_hash = properties.entries_hash;
}

Status describe_data_blocks(const OpenTable& table, InspectedTable& report) {
  for (std::size_t i = 0; i < table.fences().blocks(); ++i) {
    const BlockHandle handle = table.fences().handle(i);
    KVHOST_TRY_ASSIGN(const BlockBuffer stored, table.read(handle));
    KVHOST_TRY_ASSIGN(const OpenedBlock opened, table.open_data_block(stored.view(), i));
    const DataBlock block(opened.payload);
    report.blocks.push_back({std::string(block_kind_name(BlockKind::kData)), handle.offset,
                             handle.size, opened.payload.size(),
                             std::string(codec_name(opened.codec)), block.entries(), block.key(0),
                             block.key(block.entries() - 1)});
  }
  return Status::ok();
}

Status describe_other_blocks(const OpenTable& table, InspectedTable& report) {
  const TableFooter& footer = table.footer();
  const std::pair<BlockKind, BlockHandle> others[] = {
      {BlockKind::kFilter, footer.filter},
      {BlockKind::kRangeTombstones, footer.range_tombstones},
      {BlockKind::kFences, footer.fences},
      {BlockKind::kProperties, footer.properties}};
  for (const auto& [kind, handle] : others) {
    if (handle.size == 0) continue;
    KVHOST_TRY_ASSIGN(const BlockBuffer stored, table.read(handle));
    KVHOST_TRY_ASSIGN(const OpenedBlock opened, open_block(stored.view(), kind, handle.offset,
                                                           footer.identity, table.path()));
    report.blocks.push_back({std::string(block_kind_name(kind)),
                             handle.offset,
                             handle.size,
                             opened.payload.size(),
                             std::string(codec_name(opened.codec)),
                             0,
                             {},
                             {}});
  }
  return Status::ok();
}

}  // namespace

Result<InspectedTable> inspect_table(FileSystem& file_system, const std::string& path,
                                     const InspectTableOptions& options) {
  KVHOST_TRY_ASSIGN(auto file, file_system.open_for_reading(path));
  KVHOST_TRY_ASSIGN(const auto table,
                    OpenTable::open(std::move(file), path, nullptr, nullptr, std::nullopt));
  InspectedTable report;
  describe_properties(table->properties(), report);
  KVHOST_TRY(describe_data_blocks(*table, report));
  KVHOST_TRY(describe_other_blocks(*table, report));
  for (const RangeTombstone& one : table->range_tombstones()->tombstones()) {
    report.range_tombstones.push_back({std::string(one.start), std::string(one.end), one.sequence});
  }
  if (options.verify) KVHOST_TRY(verify_table(*table));
  if (options.on_record) {
    TableIterator iterator(*table, {.fill_cache = false, .readahead_bytes = 1u << 20});
    for (iterator.seek_to_first(); iterator.valid(); iterator.next()) {
      const Record& record = iterator.record();
      if (!options.on_record({record.key, record.value, record.sequence, record.expires_at_ms,
                              record.type == RecordType::kTombstone})) {
        return report;
      }
    }
    KVHOST_TRY(iterator.status());
  }
  return report;
}

}  // namespace kvhost::engine
