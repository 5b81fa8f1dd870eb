#include "pending_proposals.hpp"

#include <atomic>
#include <cstring>

#include "monotonic.hpp"

namespace kvhost::raft {
namespace {

constexpr uint64_t kFrameHead = 24;
constexpr uint64_t kEntryRoom = 40;

char* put(char* at, uint64_t value) {
  std::memcpy(at, &value, sizeof(value));
  return at + sizeof(value);
}

}  // namespace

// The batches of one call.
struct PendingProposals::Group {
  Group(const ProposalDone& told, std::size_t count) : done(told), left(count) {}
  ProposalDone done;
  std::atomic<std::size_t> left;
};

Status PendingProposals::add(std::span<const std::string_view> batches, uint64_t deadline_ns,
                             const ProposalDone& done) {
  uint64_t bytes = 0;
  for (const auto batch : batches) bytes += kFrameHead + kEntryRoom + batch.size();
  auto group = std::make_shared<Group>(done, batches.size());
  const std::lock_guard lock(mutex_);
  if (pending_.size() + batches.size() > kMaxPending ||
      (waiting_bytes_ != 0 && waiting_bytes_ + bytes > kMaxWaitingBytes)) {
    return {StatusCode::OVERLOADED,
            std::to_string(pending_.size()) + " writes wait for the cluster already, " +
                std::to_string(waiting_bytes_) + " bytes of them not yet sent"};
  }
  for (std::size_t i = 0; i < batches.size(); ++i) {
    pending_.emplace(next_number_, Entry{group, i});
    waiting_.push_back({next_number_++, deadline_ns, std::string(batches[i])});
  }
  waiting_bytes_ += bytes;
  return {};
}

uint64_t PendingProposals::waiting_bytes() const {
  const std::lock_guard lock(mutex_);
  return waiting_bytes_;
}

uint64_t PendingProposals::take(char* buffer, uint64_t capacity) {
  const uint64_t now_ns = monotonic_ns();
  char* at = buffer;
  const std::lock_guard lock(mutex_);
  while (!waiting_.empty()) {
    const Waiting& first = waiting_.front();
    const uint64_t size = kFrameHead + kEntryRoom + first.batch.size();
    if (static_cast<uint64_t>(at - buffer) + size > capacity) break;
    at = put(at, first.number);
    at = put(at, first.deadline_ns > now_ns ? first.deadline_ns - now_ns : 0);
    at = put(at, first.batch.size());
    std::memset(at, 0, kEntryRoom);
    at += kEntryRoom;
    std::memcpy(at, first.batch.data(), first.batch.size());
    at += first.batch.size();
    waiting_bytes_ -= size;
    waiting_.pop_front();
  }
  return static_cast<uint64_t>(at - buffer);
}

void PendingProposals::tell(uint64_t number, const Status& status, const kvh_result* result) {
  Entry entry;
  {
    const std::lock_guard lock(mutex_);
    const auto found = pending_.find(number);
    if (found == pending_.end()) return;
    entry = std::move(found->second);
    pending_.erase(found);
  }
  if (status.code() == StatusCode::NO_QUORUM) ++quorum_failures_;
  entry.group->done.result(entry.offset, status, result);
  if (entry.group->left.fetch_sub(1) == 1) entry.group->done.finish({});
}

}  // namespace kvhost::raft
