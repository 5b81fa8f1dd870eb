#include "repair/batch_tables.hpp"

#include "format/log_batch.hpp"
#include "sstable/table_builder.hpp"
#include "version/file_names.hpp"

namespace kvhost::engine {

Status BatchTables::add(std::string_view payload) {
  LogBatchDecoder from(payload);
  SequenceNumber sequence = from.header().first_sequence;
  while (const auto effect = from.next()) {
    Record record;
    record.key = effect->key;
    record.sequence = sequence++;
    switch (effect->type) {
      case EffectType::kPut:
      case EffectType::kPutExpiring:
        record.value = effect->value;
        record.expires_at_ms = effect->expires_at_ms;
        memtable_->add(record);
        break;
      case EffectType::kTombstone:
        record.type = RecordType::kTombstone;
        memtable_->add(record);
        break;
      case EffectType::kRangeTombstone:
        memtable_->add_range_tombstone(effect->key, effect->value, record.sequence);
        break;
      case EffectType::kNothing:
        break;
    }
  }
  KVHOST_TRY(from.status());
  return memtable_->approximate_bytes() >= table_bytes_ ? write() : Status::ok();
}

Status BatchTables::finish() { return memtable_->empty() ? Status::ok() : write(); }

Status BatchTables::write() {
  const uint64_t number = versions_.new_file_number();
  const std::string path = table_path(versions_.directory(), number);
  KVHOST_TRY_ASSIGN(auto file, files_.create(path));
  TableOptions options;
  options.identity = FileIdentity::random();
  options.codec = Codec::kLz4;
  TableBuilder builder(options, std::move(file), path);
  const auto records = memtable_->iterator();
  for (records->seek_to_first(); records->valid(); records->next()) {
    KVHOST_TRY(builder.add(records->record()));
  }
  for (const RangeTombstone& one : memtable_->range_tombstones()) builder.add_range_tombstone(one);
  KVHOST_TRY_ASSIGN(const TableProperties properties, builder.finish());
  tables_.push_back(FileMetadata::of_table(number, properties, 0));
  memtable_ = std::make_unique<Memtable>();
  return Status::ok();
}

}  // namespace kvhost::engine
