// The engine's Iterator: the merged records of a state with everything hidden that a reader must
// not see: older versions, versions above the snapshot, deleted and expired keys.
//
// Going forward, the merged iterator stands on the record that is shown. Going back, it stands
// before all records of the key that is shown, whose bytes are copies: the newest visible version
// of a key is only known when all of them were passed.
//
// Threads:   one thread at a time.
// Lifetime:  keeps its super version.
#pragma once

#include <memory>
#include <string>

#include "engine/covering_tombstones.hpp"
#include "format/record_iterator.hpp"
#include "kvhost/engine/iterator.hpp"

namespace kvhost::engine {

struct IteratorBounds {
  // Engine keys; start inclusive, end exclusive.
  std::string start;
  std::string end;
  // The space of both.
  uint32_t space = 0;
};

class DbIterator final : public Iterator {
 public:
  struct Source {
    SuperVersionPtr state;
    std::unique_ptr<RecordIterator> records;
    CoveringTombstones tombstones;
  };

  DbIterator(Source source, IteratorBounds bounds, SequenceNumber snapshot, uint64_t now_ms);

  bool valid() const override { return is_valid_; }
  void seek_to_first() override;
  void seek_to_last() override;
  void seek(std::string_view key) override;
  void seek_for_prev(std::string_view key) override;
  void next() override;
  void prev() override;

  std::string_view key() const override;
  std::string_view value() const override;
  uint64_t version() const override;
  uint64_t expires_at_ms() const override;
  Status status() const override { return failure_.is_ok() ? source_.records->status() : failure_; }

 private:
  // Carries out a move; without the memory for it the iterator stands nowhere and says so.
  template <typename Move>
  void move(Move&& make);
  void move_next();
  void move_prev();
  void find_forward();
  void find_backward();
  void pass_key_forward();
  bool is_live(const Record& record) const;
  bool is_past_end(std::string_view key) const;
  std::string engine_key_of(std::string_view user_key) const;

  Source source_;
  const IteratorBounds bounds_;
  const SequenceNumber snapshot_;
  const uint64_t now_ms_;
  const uint64_t end_head_;  // of bounds_.end

  Status failure_;
  bool is_valid_ = false;
  bool is_forward_ = true;
  // Forward: the key to pass by. Backward: the key that is shown.
  std::string saved_key_;
  std::string saved_value_;
  SequenceNumber saved_sequence_ = 0;
  uint64_t saved_expires_at_ms_ = 0;
};

}  // namespace kvhost::engine
