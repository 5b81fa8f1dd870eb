#include "engine/snapshot_list.hpp"

#include "base/assert.hpp"

namespace kvhost::engine {

class SnapshotList::Handle final : public Snapshot {
 public:
  Handle(std::shared_ptr<SnapshotList> list, SequenceNumber sequence)
      : list_(std::move(list)), sequence_(sequence) {}
  ~Handle() override { list_->release(sequence_); }
  uint64_t sequence() const override { return sequence_; }

 private:
  std::shared_ptr<SnapshotList> list_;
  SequenceNumber sequence_;
};

std::unique_ptr<Snapshot> SnapshotList::acquire(const std::atomic<SequenceNumber>& visible) {
  MutexLock lock(mutex_);
  const SequenceNumber sequence = visible.load(std::memory_order_acquire);
  ++held_[sequence];
  return std::make_unique<Handle>(shared_from_this(), sequence);
}

void SnapshotList::release(SequenceNumber sequence) {
  std::function<void()> callback;
  {
    MutexLock lock(mutex_);
    const auto found = held_.find(sequence);
    KVHOST_ASSERT(found != held_.end(), "a snapshot is given back once");
    if (--found->second > 0) return;
    held_.erase(found);
    callback = on_release_;
  }
  if (callback) callback();
}

std::vector<SequenceNumber> SnapshotList::held() const {
  MutexLock lock(mutex_);
  std::vector<SequenceNumber> numbers;
  numbers.reserve(held_.size());
  for (const auto& [sequence, holders] : held_) numbers.push_back(sequence);
  return numbers;
}

std::size_t SnapshotList::count() const {
  MutexLock lock(mutex_);
  std::size_t total = 0;
  for (const auto& [sequence, holders] : held_) total += holders;
  return total;
}

void SnapshotList::on_release(std::function<void()> callback) {
  MutexLock lock(mutex_);
  on_release_ = std::move(callback);
}

}  // namespace kvhost::engine
