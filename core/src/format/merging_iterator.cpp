#include "format/merging_iterator.hpp"

#include <bit>
#include <cstdint>
#include <cstring>
#include <utility>

#include "base/assert.hpp"

namespace kvhost::engine {
namespace {

// The first eight bytes of a key as a number that sorts as they do; shorter keys are padded with
// zeros, so equal heads decide nothing.
uint64_t key_head(std::string_view key) {
  uint64_t head = 0;
  std::memcpy(&head, key.data(), key.size() < 8 ? key.size() : 8);
  if constexpr (std::endian::native == std::endian::little) head = __builtin_bswap64(head);
  return head;
}

// No source: nowhere, for ever.
class EmptyIterator final : public RecordIterator {
 public:
  bool valid() const override { return false; }
  void seek_to_first() override {}
  void seek_to_last() override {}
  void seek(std::string_view, SequenceNumber) override {}
  void seek_for_prev(std::string_view, SequenceNumber) override {}
  void next() override { KVHOST_ASSERT(false, "next() at the end"); }
  void prev() override { KVHOST_ASSERT(false, "prev() at the end"); }
  const Record& record() const override {
    KVHOST_ASSERT(false, "record() at the end");
    return none_;
  }
  Status status() const override { return {}; }

 private:
  Record none_;
};

// A tree of losers (Knuth, The Art of Computer Programming, 5.4.1): inner node i keeps the source
// that lost the match there, so that a step replays one path of log2(n) matches against known
// opponents. A match compares two numbers; keys are touched only when those are equal.
class MergingIterator final : public RecordIterator {
 public:
  explicit MergingIterator(std::vector<std::unique_ptr<RecordIterator>> sources)
      : sources_(std::move(sources)), players_(sources_.size()), losers_(sources_.size()) {}

  bool valid() const override { return winner_ != kNobody && status_.is_ok(); }
  const Record& record() const override { return sources_[winner_]->record(); }
  Status status() const override { return status_; }

  void seek_to_first() override {
    for (auto& source : sources_) source->seek_to_first();
    restart(/*forward=*/true);
  }
  void seek_to_last() override {
    for (auto& source : sources_) source->seek_to_last();
    restart(/*forward=*/false);
  }
  void seek(std::string_view key, SequenceNumber sequence) override {
    for (auto& source : sources_) source->seek(key, sequence);
    restart(/*forward=*/true);
  }
  void seek_for_prev(std::string_view key, SequenceNumber sequence) override {
    for (auto& source : sources_) source->seek_for_prev(key, sequence);
    restart(/*forward=*/false);
  }

  void next() override {
    if (!forward_) turn(/*forward=*/true);
    sources_[winner_]->next();
    replay();
  }
  void prev() override {
    if (forward_) turn(/*forward=*/false);
    sources_[winner_]->prev();
    replay();
  }

 private:
  static constexpr uint32_t kNobody = UINT32_MAX;

  struct Player {
    uint64_t head = 0;
    bool at_end = true;
  };

  // Puts every other source on the far side of the current record, so that the walk can go on the
  // other way. The current source stays.
  void turn(bool forward) {
    const uint32_t current = winner_;
    const Record here = sources_[current]->record();
    for (uint32_t i = 0; i < sources_.size(); ++i) {
      if (i == current) continue;
      RecordIterator& source = *sources_[i];
      if (forward) {
        source.seek(here.key, here.sequence);
        // Equal records of sources listed earlier were passed already.
        if (i < current && is_at(source, here)) source.next();
      } else {
        source.seek_for_prev(here.key, here.sequence);
        if (i > current && is_at(source, here)) source.prev();
      }
    }
    restart(forward);
    KVHOST_ASSERT(!status_.is_ok() || winner_ == current, "a turn lost its place");
    winner_ = current;
  }

  static bool is_at(const RecordIterator& source, const Record& record) {
    return source.valid() && source.record().sequence == record.sequence &&
           source.record().key == record.key;
  }

  void refresh(uint32_t i) {
    Player& player = players_[i];
    player.at_end = !sources_[i]->valid();
    if (!player.at_end) {
      player.head = key_head(sources_[i]->record().key);
    } else if (status_.is_ok()) {
      status_ = sources_[i]->status();
    }
  }

  // True when source `a` comes before source `b` in the direction of the walk.
  bool beats(uint32_t a, uint32_t b) const {
    if (a == kNobody || b == kNobody) return b == kNobody;
    const Player& left = players_[a];
    const Player& right = players_[b];
    if (left.at_end || right.at_end) return !left.at_end || (right.at_end && a < b);
    if (left.head != right.head) return (left.head < right.head) == forward_;
    const Record& left_record = sources_[a]->record();
    const Record& right_record = sources_[b]->record();
    const int order = compare_internal(left_record.key, left_record.sequence, right_record.key,
                                       right_record.sequence);
    if (order != 0) return (order < 0) == forward_;
    return (a < b) == forward_;
  }

  // Plays every match anew.
  void restart(bool forward) {
    forward_ = forward;
    status_ = {};
    for (uint32_t i = 0; i < sources_.size(); ++i) refresh(i);
    const auto count = static_cast<uint32_t>(sources_.size());
    std::vector<uint32_t> winners(2 * std::size_t{count}, kNobody);
    for (uint32_t i = 0; i < count; ++i) winners[count + i] = i;
    for (uint32_t node = count - 1; node >= 1; --node) {
      const uint32_t left = winners[2 * node];
      const uint32_t right = winners[2 * node + 1];
      const bool left_wins = beats(left, right);
      winners[node] = left_wins ? left : right;
      losers_[node] = left_wins ? right : left;
    }
    settle(winners[1]);
  }

  // The winner has moved: replays its path to the root.
  void replay() {
    uint32_t champion = winner_;
    refresh(champion);
    for (std::size_t node = (champion + sources_.size()) / 2; node >= 1; node /= 2) {
      if (beats(losers_[node], champion)) std::swap(losers_[node], champion);
    }
    settle(champion);
  }

  void settle(uint32_t champion) { winner_ = players_[champion].at_end ? kNobody : champion; }

  const std::vector<std::unique_ptr<RecordIterator>> sources_;
  std::vector<Player> players_;
  std::vector<uint32_t> losers_;
  uint32_t winner_ = kNobody;
  bool forward_ = true;
  Status status_;
};

}  // namespace

std::unique_ptr<RecordIterator> make_merging_iterator(
    std::vector<std::unique_ptr<RecordIterator>> sources) {
  if (sources.empty()) return std::make_unique<EmptyIterator>();
  if (sources.size() == 1) return std::move(sources.front());
  return std::make_unique<MergingIterator>(std::move(sources));
}

}  // namespace kvhost::engine
