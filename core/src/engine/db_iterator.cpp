#include "engine/db_iterator.hpp"

#include "base/assert.hpp"
#include "engine/memory_guard.hpp"
#include "format/key_head.hpp"
#include "format/space_key.hpp"

namespace kvhost::engine {

namespace {

// Versions of one key that are passed by stepping before a seek is tried.
constexpr int kStepsBeforeSeek = 8;

}  // namespace

DbIterator::DbIterator(Source source, IteratorBounds bounds, SequenceNumber snapshot,
                       uint64_t now_ms)
    : source_(std::move(source)),
      bounds_(std::move(bounds)),
      snapshot_(snapshot),
      now_ms_(now_ms),
      end_head_(key_head(bounds_.end)) {}

bool DbIterator::is_past_end(std::string_view key) const {
  const uint64_t head = key_head(key);
  return head == end_head_ ? key >= bounds_.end : head > end_head_;
}

std::string DbIterator::engine_key_of(std::string_view user_key) const {
  return space_key(bounds_.space, user_key);
}

bool DbIterator::is_live(const Record& record) const {
  if (record.type != RecordType::kPut) return false;
  if (record.expires_at_ms != 0 && record.expires_at_ms <= now_ms_) return false;
  return source_.tombstones.empty() ||
         source_.tombstones.covering_sequence(record.key, snapshot_) < record.sequence;
}

template <typename Move>
void DbIterator::move(Move&& make) {
  // No frame of memory_guard.hpp: a step must cost nothing where all is well.
  try {
    if (!failure_.is_ok()) failure_ = Status::ok();
    make();
  } catch (const std::bad_alloc&) {
    failure_ = out_of_memory();
    is_valid_ = false;
  }
}

void DbIterator::seek_to_first() {
  move([&] {
    is_forward_ = true;
    source_.records->seek(bounds_.start, kMaxSequence);
    find_forward();
  });
}

void DbIterator::seek(std::string_view key) {
  move([&] {
    is_forward_ = true;
    std::string target = engine_key_of(key);
    if (target < bounds_.start) target = bounds_.start;
    source_.records->seek(target, snapshot_);
    find_forward();
  });
}

void DbIterator::seek_to_last() {
  move([&] {
    is_forward_ = false;
    // No record has the highest number, so this stands before every version of the end.
    source_.records->seek_for_prev(bounds_.end, kMaxSequence);
    find_backward();
  });
}

void DbIterator::seek_for_prev(std::string_view key) {
  move([&] {
    const std::string target = engine_key_of(key);
    is_forward_ = false;
    if (target >= bounds_.end) {
      source_.records->seek_for_prev(bounds_.end, kMaxSequence);
    } else {
      source_.records->seek_for_prev(target, 0);
    }
    find_backward();
  });
}

// From where the merged iterator stands (at the first version of a key) to the first live key.
void DbIterator::find_forward() {
  RecordIterator& records = *source_.records;
  is_valid_ = false;
  while (records.valid()) {
    const Record& record = records.record();
    if (is_past_end(record.key)) return;
    if (record.sequence > snapshot_) {
      records.next();
      continue;
    }
    if (is_live(record)) {
      is_valid_ = true;
      return;
    }
    pass_key_forward();
  }
}

// Moves behind the last version of the key that the merged iterator stands on.
void DbIterator::pass_key_forward() {
  RecordIterator& records = *source_.records;
  saved_key_.assign(records.record().key);
  for (int step = 0; step < kStepsBeforeSeek; ++step) {
    records.next();
    if (!records.valid() || !is_same_key(records.record().key, saved_key_)) return;
  }
  // No record has the number 0: this is behind every version of the key.
  records.seek(saved_key_, 0);
}

// From where the merged iterator stands (at the oldest version of a key) back to the next live key,
// which is copied.
void DbIterator::find_backward() {
  RecordIterator& records = *source_.records;
  is_valid_ = false;
  while (records.valid() && records.record().key >= bounds_.start) {
    saved_key_.assign(records.record().key);
    bool is_shown = false;
    int steps = 0;
    while (records.valid() && records.record().key == saved_key_) {
      const Record& record = records.record();
      if (record.sequence > snapshot_) {
        // Only newer ones follow: leave them behind in one go where they are many.
        if (++steps > kStepsBeforeSeek) {
          records.seek_for_prev(saved_key_, kMaxSequence);
          continue;
        }
      } else {
        is_shown = is_live(record);
        if (is_shown) {
          saved_value_.assign(record.value);
          saved_sequence_ = record.sequence;
          saved_expires_at_ms_ = record.expires_at_ms;
        }
      }
      records.prev();
    }
    if (!records.status().is_ok()) return;
    if (is_shown) {
      is_valid_ = true;
      return;
    }
  }
}

void DbIterator::next() {
  KVHOST_ASSERT(is_valid_, "next() of an iterator that stands nowhere");
  move([&] { move_next(); });
}

void DbIterator::move_next() {
  if (is_forward_) {
    pass_key_forward();
  } else {
    is_forward_ = true;
    source_.records->seek(saved_key_, 0);
  }
  find_forward();
}

void DbIterator::prev() {
  KVHOST_ASSERT(is_valid_, "prev() of an iterator that stands nowhere");
  move([&] { move_prev(); });
}

void DbIterator::move_prev() {
  if (is_forward_) {
    is_forward_ = false;
    saved_key_.assign(source_.records->record().key);
    source_.records->seek_for_prev(saved_key_, kMaxSequence);
  }
  find_backward();
}

std::string_view DbIterator::key() const {
  KVHOST_ASSERT(is_valid_, "key() of an iterator that stands nowhere");
  return user_key_of(is_forward_ ? source_.records->record().key : std::string_view(saved_key_));
}

std::string_view DbIterator::value() const {
  KVHOST_ASSERT(is_valid_, "value() of an iterator that stands nowhere");
  return is_forward_ ? source_.records->record().value : std::string_view(saved_value_);
}

uint64_t DbIterator::version() const {
  return is_forward_ ? source_.records->record().sequence : saved_sequence_;
}

uint64_t DbIterator::expires_at_ms() const {
  return is_forward_ ? source_.records->record().expires_at_ms : saved_expires_at_ms_;
}

}  // namespace kvhost::engine
