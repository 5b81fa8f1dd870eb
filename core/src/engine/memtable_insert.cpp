#include "engine/memtable_insert.hpp"

#include <algorithm>

namespace kvhost::engine {

Result<LogBatchHeader> insert_payload(std::string_view payload, MemtableUnit& unit) {
  LogBatchDecoder from(payload);
  KVHOST_TRY(from.status());
  SequenceNumber sequence = from.header().first_sequence;
  while (const auto effect = from.next()) {
    Record record;
    record.key = effect->key;
    record.sequence = sequence++;
    switch (effect->type) {
      case EffectType::kPut:
      case EffectType::kPutExpiring:
        record.type = RecordType::kPut;
        record.value = effect->value;
        record.expires_at_ms = effect->expires_at_ms;
        unit.table.add(record);
        break;
      case EffectType::kTombstone:
        record.type = RecordType::kTombstone;
        unit.table.add(record);
        break;
      case EffectType::kRangeTombstone:
        unit.table.add_range_tombstone(effect->key, effect->value, record.sequence);
        break;
      case EffectType::kNothing:
        break;
    }
  }
  KVHOST_TRY(from.status());
  unit.last_sequence = std::max(unit.last_sequence, sequence - 1);
  unit.last_now_ms = std::max(unit.last_now_ms, from.header().now_ms);
  return from.header();
}

}  // namespace kvhost::engine
