#include "adapters/digest_points.hpp"

#include <algorithm>
#include <string>

namespace kvhost::host {

Result<std::unique_ptr<engine::Snapshot>> DigestPoints::snapshot_at(
    uint64_t index, std::chrono::nanoseconds patience) {
  if (index == 0) return engine_.snapshot();
  Wish wish;
  std::unique_lock lock(mutex_);
  const auto place = wishes_.emplace(index, &wish);
  // From here on apply() stops at `index`. While it runs, its end decides.
  if (!is_applying_) {
    const uint64_t now = engine_.applied_position().index;
    if (now == index) wish.snapshot = engine_.snapshot();
    wish.is_past = now > index;
  }
  changed_.wait_for(lock, patience, [&] { return wish.snapshot != nullptr || wish.is_past; });
  wishes_.erase(place);
  if (wish.snapshot != nullptr) return std::move(wish.snapshot);
  const uint64_t now = engine_.applied_position().index;
  const std::string words =
      "digest at index " + std::to_string(index) + ": the state is at index " + std::to_string(now);
  if (wish.is_past || now > index) {
    return Status(StatusCode::COMPACTED, words + " already; ask for a later one");
  }
  return Status(StatusCode::DEADLINE_EXCEEDED, words + " and does not move on");
}

uint64_t DigestPoints::begin(uint64_t first, uint64_t count) {
  const std::lock_guard lock(mutex_);
  is_applying_ = true;
  const auto next = wishes_.lower_bound(first);
  if (next == wishes_.end()) return count;
  return std::min(count, next->first - first + 1);
}

void DigestPoints::passed(uint64_t index) {
  const std::lock_guard lock(mutex_);
  is_applying_ = false;
  bool is_met = false;
  for (auto& [wanted, wish] : wishes_) {
    if (wish->snapshot != nullptr) continue;
    if (wanted == index) wish->snapshot = engine_.snapshot();
    if (wanted < index) wish->is_past = true;
    is_met = is_met || wanted <= index;
  }
  if (is_met) changed_.notify_all();
}

}  // namespace kvhost::host
