#include "sstable/table_iterator.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/assert.hpp"

namespace kvhost::engine {

namespace {

// Entries before the end of a block at which the next one's slot and front are fetched.
constexpr std::size_t kSlotAhead = 8;
constexpr std::size_t kBlockAhead = 4;

}  // namespace

void TableIterator::seek_to_first() {
  status_ = Status::ok();
  if (go_to_block(0)) show(0);
}

void TableIterator::seek_to_last() {
  status_ = Status::ok();
  const std::size_t blocks = table_.fences().blocks();
  if (go_to_block(blocks == 0 ? kNoBlock : blocks - 1)) show(block_.entries() - 1);
}

void TableIterator::seek(std::string_view key, SequenceNumber sequence) {
  status_ = Status::ok();
  std::size_t index = table_.fences().blocks() == 0 ? kNoBlock : table_.fences().find(key);
  for (; go_to_block(index); ++index) {
    const std::size_t entry = block_.lower_bound(key, sequence);
    if (entry < block_.entries()) return show(entry);
  }
}

void TableIterator::seek_for_prev(std::string_view key, SequenceNumber sequence) {
  seek(key, sequence);
  if (!status_.is_ok()) return;
  if (!valid()) return seek_to_last();
  if (record_.sequence != sequence || record_.key != key) prev();
}

void TableIterator::next() {
  KVHOST_ASSERT(valid(), "next() of an iterator that is not valid");
  if (entry_ + 1 < block_.entries()) {
    // Near the end of a block the front of the next one is fetched, its slot before.
    const std::size_t left = block_.entries() - entry_;
    if (left == kSlotAhead) table_.prefetch_slot(block_index_ + 1);
    if (left == kBlockAhead) table_.prefetch_block(block_index_ + 1);
    return show(entry_ + 1);
  }
  if (go_to_block(block_index_ + 1)) show(0);
}

void TableIterator::prev() {
  KVHOST_ASSERT(valid(), "prev() of an iterator that is not valid");
  if (entry_ > 0) return show(entry_ - 1);
  if (go_to_block(block_index_ == 0 ? kNoBlock : block_index_ - 1)) show(block_.entries() - 1);
}

bool TableIterator::go_to_block(std::size_t index) {
  current_ = nullptr;
  if (index >= table_.fences().blocks()) return false;
  if (index == block_index_) return true;
  status_ = index == prepared_index_ ? Status::ok() : load(index);
  if (index == prepared_index_) adopt(pin_.view());
  prepared_index_ = kNoBlock;
  block_index_ = status_.is_ok() ? index : kNoBlock;
  return status_.is_ok();
}

std::size_t TableIterator::steps_before(std::optional<std::string_view> bound) const {
  const std::size_t end = bound ? block_.lower_bound(*bound, kMaxSequence) : block_.entries();
  return end > entry_ ? end - entry_ - 1 : 0;
}

void TableIterator::prepare_seek(std::string_view key) {
  current_ = nullptr;
  if (options_.readahead_bytes > 0 || table_.fences().blocks() == 0) return;
  const std::size_t index = table_.fences().find(key);
  if (index == block_index_ || index >= table_.fences().blocks()) return;
  PinnedBlock block = table_.cached_block(index);
  if (!block) return;
  pin_ = std::move(block);
  block_index_ = kNoBlock;
  prepared_index_ = index;
}

Status TableIterator::load(std::size_t index) {
  if (options_.readahead_bytes > 0) {
    if (!options_.fill_cache) return load_from_chunk(index);
    read_ahead(index);
  }
  KVHOST_TRY_ASSIGN(pin_, table_.load_block(index, options_.fill_cache));
  adopt(pin_.view());
  return Status::ok();
}

// Whole runs of blocks are read at once while the walk goes forward.
Status TableIterator::load_from_chunk(std::size_t index) {
  const BlockHandle handle = table_.fences().handle(index);
  const bool is_here = chunk_.size() > 0 && handle.offset >= chunk_begin_ &&
                       handle.offset + handle.size <= chunk_begin_ + chunk_.size();
  if (!is_here) {
    const bool goes_forward = block_index_ == kNoBlock || index == block_index_ + 1;
    const uint64_t left = table_.footer().data_end - handle.offset;
    const uint64_t ahead = goes_forward ? std::min<uint64_t>(options_.readahead_bytes, left) : 0;
    // Views into the former chunk end here.
    block_index_ = kNoBlock;
    KVHOST_TRY_ASSIGN(chunk_, table_.read({handle.offset, std::max(handle.size, ahead)}));
    chunk_begin_ = handle.offset;
  }
  const std::string_view stored = chunk_.view().substr(handle.offset - chunk_begin_, handle.size);
  KVHOST_TRY_ASSIGN(OpenedBlock opened, table_.open_data_block(stored, index));
  if (opened.codec == Codec::kNone) {
    adopt(opened.payload);
  } else {
    pin_ = PinnedBlock(std::move(opened.decompressed));
    adopt(pin_.view());
  }
  return Status::ok();
}

void TableIterator::read_ahead(std::size_t index) {
  const uint64_t offset = table_.fences().handle(index).offset;
  const uint64_t end = table_.footer().data_end;
  if (index != block_index_ + 1 || offset < asked_until_ || asked_until_ >= end) return;
  const uint64_t length = std::min<uint64_t>(options_.readahead_bytes, end - offset);
  table_.file().will_need(offset, length);
  asked_until_ = offset + length;
}

void TableIterator::adopt(std::string_view payload) {
  block_ = DataBlock(payload);
  key_.assign(block_.prefix());
}

void TableIterator::show(std::size_t entry) {
  const std::size_t size = block_.key_size(entry);
  // The head is stored whole, also where the key ends within it.
  if (key_.size() < size + kHeadBytes) key_.resize(size + kHeadBytes);
  block_.store_suffix(entry, key_.data());
  entry_ = entry;
  record_.key = std::string_view(key_.data(), size);
  record_.value = block_.value(entry);
  record_.sequence = block_.sequence(entry);
  record_.type = block_.type(entry);
  record_.expires_at_ms = block_.expires_at_ms(entry);
  current_ = &record_;
}

}  // namespace kvhost::engine
