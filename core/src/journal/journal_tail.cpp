#include "journal/journal_tail.hpp"

#include <algorithm>

#include "base/assert.hpp"
#include "journal/journal_format.hpp"

namespace kvhost::engine {

std::shared_ptr<const JournalBlock> JournalBlock::of(std::span<const JournalEntry> entries) {
  auto block = std::make_shared<JournalBlock>();
  std::size_t bytes = 0;
  for (const auto& entry : entries) bytes += kJournalEntryHead + entry.payload.size();
  block->first_index = entries.front().index;
  block->bytes.reserve(bytes);
  block->entries.reserve(entries.size());
  for (const auto& entry : entries) {
    const std::size_t offset = block->bytes.size();
    append_journal_record(block->bytes,
                          {JournalRecordType::kEntry, entry.index, entry.term, entry.payload});
    block->entries.push_back({entry.term, offset, block->bytes.size() - offset});
  }
  return block;
}

JournalEntry JournalBlock::entry(std::size_t i) const {
  return {first_index + i, entries[i].term, record(i).substr(kJournalEntryHead)};
}

void JournalTail::push(std::shared_ptr<const JournalBlock> block) {
  bytes_ += block->bytes.size();
  const std::size_t count = block->entries.size();
  blocks_.push_back({std::move(block), count});
}

void JournalTail::trim(uint64_t max_bytes, uint64_t durable) {
  while (!blocks_.empty() && bytes_ > max_bytes && blocks_.front().end() <= durable + 1) {
    bytes_ -= blocks_.front().block->bytes.size();
    blocks_.pop_front();
  }
}

void JournalTail::drop_below(uint64_t index) {
  while (!blocks_.empty() && blocks_.front().end() <= index) {
    bytes_ -= blocks_.front().block->bytes.size();
    blocks_.pop_front();
  }
}

void JournalTail::drop_above(uint64_t index) {
  while (!blocks_.empty()) {
    Held& newest = blocks_.back();
    if (newest.end() <= index + 1) return;
    if (newest.block->first_index <= index) {
      newest.count = index + 1 - newest.block->first_index;
      return;
    }
    bytes_ -= newest.block->bytes.size();
    blocks_.pop_back();
  }
}

uint64_t JournalTail::first() const {
  return blocks_.empty() ? UINT64_MAX : blocks_.front().block->first_index;
}

void JournalTail::collect(uint64_t from, uint64_t max_bytes, JournalSlice& slice) const {
  auto at = std::partition_point(blocks_.begin(), blocks_.end(),
                                 [&](const Held& held) { return held.end() <= from; });
  uint64_t bytes = 0;
  for (; at != blocks_.end(); ++at) {
    const JournalBlock& block = *at->block;
    KVHOST_ASSERT(from >= block.first_index, "the tail holds consecutive entries");
    slice.pins.push_back(at->block);
    for (std::size_t i = from - block.first_index; i < at->count; ++i, ++from) {
      const JournalEntry entry = block.entry(i);
      bytes += entry.payload.size();
      if (bytes > max_bytes && !slice.entries.empty()) return;
      slice.entries.push_back(entry);
    }
  }
}

}  // namespace kvhost::engine
