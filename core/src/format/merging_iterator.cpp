#include "format/merging_iterator.hpp"

#include <cstdint>
#include <utility>

#include "base/assert.hpp"
#include "format/key_head.hpp"

namespace kvhost::engine {
namespace {

// No source: nowhere, for ever.
class EmptyIterator final : public RecordIterator {
 public:
  void seek_to_first() override {}
  void seek_to_last() override {}
  void seek(std::string_view, SequenceNumber) override {}
  void seek_for_prev(std::string_view, SequenceNumber) override {}
  void next() override { KVHOST_ASSERT(false, "next() at the end"); }
  void prev() override { KVHOST_ASSERT(false, "prev() at the end"); }
  Status status() const override { return {}; }
};

// A tree of losers (Knuth, The Art of Computer Programming, 5.4.1): inner node i keeps the source
// that lost the match there, so that a step replays one path of log2(n) matches against known
// opponents. A match compares two numbers; keys are touched only when those are equal.
//
// A source that wins again and again is asked how many of its records come before the best of the
// others: for so many steps no match is played at all.
class MergingIterator final : public RecordIterator {
 public:
  explicit MergingIterator(std::vector<std::unique_ptr<RecordIterator>> sources)
      : sources_(std::move(sources)), players_(sources_.size()), losers_(sources_.size()) {}

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
    for (auto& source : sources_) source->prepare_seek(key);
    for (auto& source : sources_) source->seek(key, sequence);
    restart(/*forward=*/true);
  }
  void seek_for_prev(std::string_view key, SequenceNumber sequence) override {
    for (auto& source : sources_) source->seek_for_prev(key, sequence);
    restart(/*forward=*/false);
  }

  void next() override {
    if (sure_steps_ > 0) {
      --sure_steps_;
      RecordIterator& winner = *sources_[winner_];
      winner.next();
      current_ = &winner.record();
      return;
    }
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
  // Wins in a row after which a source is asked for its lead.
  static constexpr uint32_t kWinsBeforeLead = 3;

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
    sure_steps_ = 0;
    wins_ = 0;
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
    const uint32_t mover = winner_;
    uint32_t champion = mover;
    refresh(champion);
    for (std::size_t node = (champion + sources_.size()) / 2; node >= 1; node /= 2) {
      if (beats(losers_[node], champion)) std::swap(losers_[node], champion);
    }
    settle(champion);
    wins_ = champion == mover ? wins_ + 1 : 0;
    if (wins_ >= kWinsBeforeLead && forward_ && valid()) take_lead();
  }

  // The second best lost to the winner itself, so it is on the winner's path.
  void take_lead() {
    uint32_t second = kNobody;
    for (std::size_t node = (winner_ + sources_.size()) / 2; node >= 1; node /= 2) {
      if (beats(losers_[node], second)) second = losers_[node];
    }
    const RecordIterator& winner = *sources_[winner_];
    sure_steps_ = second == kNobody || players_[second].at_end
                      ? winner.steps_before(std::nullopt)
                      : winner.steps_before(sources_[second]->record().key);
    wins_ = 0;
  }

  void settle(uint32_t champion) {
    winner_ = players_[champion].at_end ? kNobody : champion;
    current_ = winner_ != kNobody && status_.is_ok() ? &sources_[winner_]->record() : nullptr;
  }

  const std::vector<std::unique_ptr<RecordIterator>> sources_;
  std::vector<Player> players_;
  std::vector<uint32_t> losers_;
  uint32_t winner_ = kNobody;
  bool forward_ = true;
  uint32_t wins_ = 0;  // of winner_, in a row
  std::size_t sure_steps_ = 0;
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
