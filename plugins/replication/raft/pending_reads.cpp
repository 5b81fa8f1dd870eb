#include "pending_reads.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace kvhost::raft {

Status PendingReads::add(Level level, uint64_t deadline_ns, const BarrierDone& done) {
  const std::lock_guard lock(mutex_);
  if (count_ >= kMaxPending) {
    return {StatusCode::OVERLOADED, std::to_string(count_) + " reads wait for the leader already"};
  }
  ++count_;
  waiting_[static_cast<std::size_t>(level)].push_back({done, deadline_ns});
  return {};
}

uint64_t PendingReads::take(Level level) {
  const std::lock_guard lock(mutex_);
  Reads& waiting = waiting_[static_cast<std::size_t>(level)];
  if (waiting.empty()) return 0;
  const uint64_t batch = next_batch_++;
  asked_.emplace(batch, std::exchange(waiting, {}));
  return batch;
}

void PendingReads::ready(uint64_t batch, uint64_t index, uint64_t now_ms) {
  Reads granted;
  uint64_t applied = 0;
  {
    const std::lock_guard lock(mutex_);
    const auto found = asked_.find(batch);
    if (found == asked_.end()) return;
    Reads reads = std::move(found->second);
    asked_.erase(found);
    if (index <= applied_) {
      granted = std::move(reads);
      count_ -= granted.size();
      applied = applied_;
    } else {
      Reads& later = by_index_[index];
      std::move(reads.begin(), reads.end(), std::back_inserter(later));
    }
  }
  for (const Read& read : granted) read.done.grant(applied, now_ms);
}

void PendingReads::failed(uint64_t batch, const Status& status) {
  Reads reads;
  {
    const std::lock_guard lock(mutex_);
    const auto found = asked_.find(batch);
    if (found == asked_.end()) return;
    reads = std::move(found->second);
    asked_.erase(found);
    count_ -= reads.size();
  }
  if (status.code() == StatusCode::NO_QUORUM) quorum_failures_ += reads.size();
  for (const Read& read : reads) read.done.refuse(status);
}

void PendingReads::applied(uint64_t index, uint64_t now_ms) {
  std::vector<Reads> granted;
  {
    const std::lock_guard lock(mutex_);
    applied_ = std::max(applied_, index);
    while (!by_index_.empty() && by_index_.begin()->first <= applied_) {
      granted.push_back(std::move(by_index_.begin()->second));
      count_ -= granted.back().size();
      by_index_.erase(by_index_.begin());
    }
  }
  for (const Reads& reads : granted) {
    for (const Read& read : reads) read.done.grant(index, now_ms);
  }
}

void PendingReads::move_late(Reads& from, Reads& late, uint64_t now_ns) {
  const auto first = std::stable_partition(
      from.begin(), from.end(), [&](const Read& read) { return read.deadline_ns > now_ns; });
  std::move(first, from.end(), std::back_inserter(late));
  from.erase(first, from.end());
}

std::vector<uint64_t> PendingReads::expire(uint64_t now_ns) {
  Reads unanswered;
  Reads behind;
  std::vector<uint64_t> empty;
  {
    const std::lock_guard lock(mutex_);
    for (Reads& waiting : waiting_) move_late(waiting, unanswered, now_ns);
    for (auto batch = asked_.begin(); batch != asked_.end();) {
      move_late(batch->second, unanswered, now_ns);
      if (batch->second.empty()) empty.push_back(batch->first);
      batch = batch->second.empty() ? asked_.erase(batch) : std::next(batch);
    }
    for (auto reads = by_index_.begin(); reads != by_index_.end();) {
      move_late(reads->second, behind, now_ns);
      reads = reads->second.empty() ? by_index_.erase(reads) : std::next(reads);
    }
    count_ -= unanswered.size() + behind.size();
  }
  quorum_failures_ += unanswered.size();
  for (const Read& read : unanswered) {
    read.done.refuse({StatusCode::NO_QUORUM,
                      "no leader with a majority behind it answered within the deadline"});
  }
  for (const Read& read : behind) {
    read.done.refuse({StatusCode::DEADLINE_EXCEEDED,
                      "this node had not caught up with the leader when the deadline passed"});
  }
  return empty;
}

void PendingReads::refuse_all(const Status& status) {
  Reads all;
  {
    const std::lock_guard lock(mutex_);
    const auto take = [&](Reads& reads) {
      std::move(reads.begin(), reads.end(), std::back_inserter(all));
    };
    for (Reads& waiting : waiting_) take(waiting);
    for (auto& [batch, reads] : asked_) take(reads);
    for (auto& [index, reads] : by_index_) take(reads);
    waiting_ = {};
    asked_.clear();
    by_index_.clear();
    count_ = 0;
  }
  for (const Read& read : all) read.done.refuse(status);
}

}  // namespace kvhost::raft
