#include "protocol/log_tail.hpp"

#include <algorithm>
#include <utility>

namespace kvhost::leader_follower {
namespace {

// How finely the bytes of the log are counted.
constexpr uint64_t kMarkBytes = 64 << 10;

}  // namespace

void LogTail::reset(LogPosition base) {
  base_ = base;
  last_index_ = base.index;
  runs_.clear();
  entries_.clear();
  marks_.clear();
  memory_bytes_ = 0;
  total_bytes_ = 0;
}

void LogTail::append(Entry entry) {
  const Epoch epoch = entry.epoch();
  const uint64_t bytes = entry.payload.bytes.size();
  if (runs_.empty() || runs_.back().epoch != epoch) runs_.push_back({entry.index, epoch});
  if (marks_.empty() || marks_.back().bytes >= kMarkBytes) marks_.push_back({entry.index, 0});
  marks_.back().index = entry.index;
  marks_.back().bytes += bytes;
  total_bytes_ += bytes;
  memory_bytes_ += bytes;
  last_index_ = entry.index;
  entries_.push_back(std::move(entry));
}

void LogTail::truncate_after(uint64_t index) {
  while (!entries_.empty() && entries_.back().index > index) {
    memory_bytes_ -= entries_.back().payload.bytes.size();
    entries_.pop_back();
  }
  last_index_ = std::min(last_index_, index);
  while (!runs_.empty() && runs_.back().first > index) runs_.pop_back();
  while (!marks_.empty() && marks_.back().index > index) {
    // The part of a mark that stays is counted as gone: the count serves retention alone.
    total_bytes_ -= marks_.back().bytes;
    marks_.pop_back();
  }
}

void LogTail::cut(uint64_t index) {
  const auto epoch = epoch_at(index);
  if (!epoch || index <= base_.index) return;
  base_ = {*epoch, index};
  while (!entries_.empty() && entries_.front().index <= index) {
    memory_bytes_ -= entries_.front().payload.bytes.size();
    entries_.pop_front();
  }
  while (runs_.size() > 1 && runs_[1].first <= index + 1) runs_.pop_front();
  if (last_index_ <= index) runs_.clear();
  while (!marks_.empty() && marks_.front().index <= index) {
    total_bytes_ -= marks_.front().bytes;
    marks_.pop_front();
  }
}

void LogTail::forget_below(uint64_t index, uint64_t bytes) {
  while (!entries_.empty() && memory_bytes_ > bytes && entries_.front().index < index) {
    memory_bytes_ -= entries_.front().payload.bytes.size();
    entries_.pop_front();
  }
}

LogPosition LogTail::last() const {
  if (last_index_ == base_.index || runs_.empty()) return base_;
  return {runs_.back().epoch, last_index_};
}

std::optional<Epoch> LogTail::epoch_at(uint64_t index) const {
  if (index == base_.index) return base_.epoch;
  if (index < base_.index || index > last_index_) return std::nullopt;
  const auto after = std::upper_bound(runs_.begin(), runs_.end(), index,
                                      [](uint64_t i, const Run& run) { return i < run.first; });
  return std::prev(after)->epoch;
}

uint64_t LogTail::first_of_epoch_at(uint64_t index) const {
  if (index <= base_.index || runs_.empty()) return base_.index;
  const auto after = std::upper_bound(runs_.begin(), runs_.end(), index,
                                      [](uint64_t i, const Run& run) { return i < run.first; });
  return std::max(std::prev(after)->first, base_.index + 1);
}

uint64_t LogTail::index_with_bytes_above(uint64_t bytes) const {
  uint64_t above = 0;
  for (auto mark = marks_.rbegin(); mark != marks_.rend(); ++mark) {
    if (above >= bytes) return mark->index;
    above += mark->bytes;
  }
  return base_.index;
}

}  // namespace kvhost::leader_follower
