// An engine in front of another one, where a test decides when writes are answered and whether
// reads find what they want in memory.
//
// Threads:   any; the switches between calls.
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <mutex>
#include <utility>

#include "kvhost/engine/engine.hpp"

namespace kvhost::host::testing {

class EngineProxy final : public engine::Engine {
 public:
  explicit EngineProxy(std::unique_ptr<engine::Engine> real) : real_(std::move(real)) {}

  // Reads that may not touch the disk answer kNeedsDisk.
  std::atomic<bool> needs_disk{false};
  // Writes are carried out, but their answers wait for release().
  std::atomic<bool> hold_answers{false};
  // Writes may be carried out at once.
  std::atomic<bool> writes_at_once{false};
  // The next write is refused so, without being carried out.
  void refuse_next_write(Status status) {
    const std::lock_guard lock(mutex_);
    refusals_.push_back(std::move(status));
  }
  // Called at the begin of each read that may touch the disk.
  std::function<void()> on_disk_read;
  std::function<void()> on_compact;

  std::size_t held() const {
    const std::lock_guard lock(mutex_);
    return held_.size();
  }
  // Gives the answers that are held, oldest first.
  std::size_t release() {
    std::deque<std::function<void()>> due;
    {
      const std::lock_guard lock(mutex_);
      due.swap(held_);
    }
    for (const auto& answer : due) answer();
    return due.size();
  }
  uint64_t writes() const { return writes_; }
  Status fault;  // what background_error() tells, unless OK

  Result<engine::GetResult> get(const engine::ReadOptions& options, uint32_t space,
                                std::string_view key) override {
    if (options.memory_only && needs_disk) return needs_disk_answer();
    if (!options.memory_only && on_disk_read) on_disk_read();
    return real_->get(options, space, key);
  }
  Result<std::vector<engine::GetResult>> multi_get(const engine::ReadOptions& options,
                                                   std::span<const engine::KeyRef> keys) override {
    if (options.memory_only && needs_disk) {
      return std::vector<engine::GetResult>(keys.size(), needs_disk_answer());
    }
    if (!options.memory_only && on_disk_read) on_disk_read();
    return real_->multi_get(options, keys);
  }
  std::unique_ptr<engine::Snapshot> snapshot() override { return real_->snapshot(); }
  Result<std::unique_ptr<engine::Iterator>> iterator(const engine::ReadOptions& options,
                                                     const engine::Range& range) override {
    return real_->iterator(options, range);
  }

  Result<engine::WriteResult> write(const engine::WriteOptions& options,
                                    const engine::WriteBatch& batch) override {
    return real_->write(options, batch);
  }
  void write_async(const engine::WriteOptions& options, const engine::WriteBatch& batch,
                   engine::WriteCallback done) override {
    ++writes_;
    if (auto refusal = next_refusal()) return done(*refusal);
    if (!hold_answers) return real_->write_async(options, batch, std::move(done));
    auto result = real_->write(options, batch);
    {
      const std::lock_guard lock(mutex_);
      // Who has stopped holding and released since would never see this one.
      if (hold_answers) {
        held_.push_back([done = std::move(done), result = std::move(result)] { done(result); });
        return;
      }
    }
    done(std::move(result));
  }
  std::optional<Result<engine::WriteResult>> try_write(const engine::WriteBatch& batch) override {
    if (!writes_at_once) return std::nullopt;
    ++writes_;
    return real_->try_write(batch);
  }
  Result<std::vector<engine::WriteResult>> apply(
      const engine::ReplicationPosition& first,
      std::span<const engine::OrderedBatch> batches) override {
    return real_->apply(first, batches);
  }
  engine::ReplicationPosition applied_position() override { return real_->applied_position(); }
  engine::ReplicationPosition durable_position() override { return real_->durable_position(); }
  void on_durable(std::function<void(engine::ReplicationPosition)> callback) override {
    real_->on_durable(std::move(callback));
  }
  uint64_t now_ms() override { return real_->now_ms(); }
  uint64_t last_sequence() override { return real_->last_sequence(); }
  Status flush() override { return real_->flush(); }
  Status sync_wal() override { return real_->sync_wal(); }
  Status compact(const std::optional<engine::Range>& range) override {
    if (on_compact) on_compact();
    return real_->compact(range);
  }
  Status wait_until_idle() override { return real_->wait_until_idle(); }
  void set_policy(std::shared_ptr<CompactionPolicy> policy, std::string name) override {
    real_->set_policy(std::move(policy), std::move(name));
  }
  Status checkpoint(const std::string& directory) override { return real_->checkpoint(directory); }
  Status background_error() override { return fault.is_ok() ? real_->background_error() : fault; }
  Status resume() override { return real_->resume(); }
  engine::Statistics statistics() override { return real_->statistics(); }
  engine::TreeSnapshot tree() override { return real_->tree(); }
  Status close() override { return real_->close(); }

 private:
  static engine::GetResult needs_disk_answer() {
    engine::GetResult result;
    result.outcome = engine::Lookup::kNeedsDisk;
    return result;
  }
  std::optional<Status> next_refusal() {
    const std::lock_guard lock(mutex_);
    if (refusals_.empty()) return std::nullopt;
    Status refusal = std::move(refusals_.front());
    refusals_.pop_front();
    return refusal;
  }

  std::unique_ptr<engine::Engine> real_;
  mutable std::mutex mutex_;
  std::deque<std::function<void()>> held_;
  std::deque<Status> refusals_;
  std::atomic<uint64_t> writes_{0};
};

}  // namespace kvhost::host::testing
