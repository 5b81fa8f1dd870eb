#include "memtable/tombstone_log.hpp"

#include <algorithm>

#include "base/assert.hpp"

namespace kvhost::engine {

void TombstoneLog::add(const RangeTombstone& tombstone) {
  KVHOST_ASSERT(tombstone.start < tombstone.end, "a range tombstone covers nothing");
  const Runs* current = runs_.load(std::memory_order_relaxed);
  auto next = current == nullptr ? std::make_unique<Runs>() : std::make_unique<Runs>(*current);
  std::vector<RangeTombstone> merged{tombstone};
  while (!next->empty() && next->back()->tombstones().size() <= merged.size()) {
    const auto run = next->back()->tombstones();
    merged.insert(merged.end(), run.begin(), run.end());
    next->pop_back();
  }
  made_.push_back(std::make_unique<const FragmentedRangeTombstones>(merged));
  next->push_back(made_.back().get());
  bytes_.fetch_add(made_.back()->memory_bytes() + sizeof(Runs) + next->size() * sizeof(void*),
                   std::memory_order_relaxed);
  runs_.store(next.get(), std::memory_order_release);
  published_.push_back(std::move(next));
  count_.fetch_add(1, std::memory_order_relaxed);
}

SequenceNumber TombstoneLog::covering_sequence(std::string_view key,
                                               SequenceNumber snapshot) const {
  const Runs* runs = runs_.load(std::memory_order_acquire);
  if (runs == nullptr) return 0;
  SequenceNumber newest = 0;
  for (const FragmentedRangeTombstones* run : *runs) {
    newest = std::max(newest, run->covering_sequence(key, snapshot));
  }
  return newest;
}

std::vector<RangeTombstone> TombstoneLog::tombstones() const {
  std::vector<RangeTombstone> all;
  const Runs* runs = runs_.load(std::memory_order_acquire);
  if (runs == nullptr) return all;
  for (const FragmentedRangeTombstones* run : *runs) {
    all.insert(all.end(), run->tombstones().begin(), run->tombstones().end());
  }
  std::sort(all.begin(), all.end(), [](const RangeTombstone& a, const RangeTombstone& b) {
    return a.sequence < b.sequence;
  });
  return all;
}

}  // namespace kvhost::engine
