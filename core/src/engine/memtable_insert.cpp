#include "engine/memtable_insert.hpp"

#include <algorithm>
#include <array>

namespace kvhost::engine {

namespace {

// Effects whose places in the memtable are brought near together.
constexpr std::size_t kWindow = 16;

void insert(const Effect& effect, SequenceNumber sequence, Memtable& table) {
  Record record;
  record.key = effect.key;
  record.sequence = sequence;
  switch (effect.type) {
    case EffectType::kPut:
    case EffectType::kPutExpiring:
      record.type = RecordType::kPut;
      record.value = effect.value;
      record.expires_at_ms = effect.expires_at_ms;
      table.add(record);
      break;
    case EffectType::kTombstone:
      record.type = RecordType::kTombstone;
      table.add(record);
      break;
    case EffectType::kRangeTombstone:
      table.add_range_tombstone(effect.key, effect.value, sequence);
      break;
    case EffectType::kNothing:
      break;
  }
}

// The effects of a larger batch; returns the number after the last one.
SequenceNumber insert_in_windows(LogBatchDecoder& from, SequenceNumber sequence, Memtable& table) {
  std::array<Effect, kWindow> window;
  std::array<std::string_view, kWindow> keys;
  for (std::size_t count = kWindow; count == kWindow;) {
    for (count = 0; count < kWindow; ++count) {
      const auto effect = from.next();
      if (!effect) break;
      window[count] = *effect;
      keys[count] = effect->key;
    }
    table.prefetch(std::span(keys).first(count));
    for (std::size_t i = 0; i < count; ++i) insert(window[i], sequence++, table);
  }
  return sequence;
}

}  // namespace

Result<LogBatchHeader> insert_payload(std::string_view payload, MemtableUnit& unit) {
  LogBatchDecoder from(payload);
  KVHOST_TRY(from.status());
  SequenceNumber sequence = from.header().first_sequence;
  // Most batches have one effect, and pay for no window.
  if (from.header().effects > 1) {
    sequence = insert_in_windows(from, sequence, unit.table);
  } else {
    while (const auto effect = from.next()) insert(*effect, sequence++, unit.table);
  }
  KVHOST_TRY(from.status());
  unit.last_sequence = std::max(unit.last_sequence, sequence - 1);
  unit.last_now_ms = std::max(unit.last_now_ms, from.header().now_ms);
  return from.header();
}

}  // namespace kvhost::engine
