// A replication strategy of one node that keeps its own log: a batch is ordered, made durable in
// the journal, applied, and only then acknowledged. After a crash the journal brings back what the
// engine had not written to tables.
//
// Threads:   propose() and read_barrier() on any thread, never blocking; one thread writes the
//            journal and applies. Proposals that come while it writes go into its next round: one
//            append, and one sync, for all of them.
// Lifetime:  every proposal is completed before stop() returns.
#include <condition_variable>
#include <deque>
#include <kvhost/plugin.hpp>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace {

using kvhost::Status;
using kvhost::StatusCode;

// Calls of the journal with their words.
class Journal {
 public:
  explicit Journal(const kvh_journal* table) : table_(table) {}
  bool is_there() const { return table_ != nullptr; }

  Status open(std::string_view name) {
    kvh_error error = kvhost::detail::make_error();
    return kvhost::detail::read_status(table_->open(table_->self, kvhost::detail::to_bytes(name),
                                                    &handle_, &first_, &last_, &error),
                                       &error);
  }
  void close() {
    if (handle_ != 0) table_->close(table_->self, handle_);
    handle_ = 0;
  }
  uint64_t first() const { return first_; }
  uint64_t last() const { return last_; }

  // Returns when the entries are durable.
  Status append(const std::vector<kvh_journal_entry>& entries) {
    struct End {
      std::mutex mutex;
      std::condition_variable changed;
      std::optional<Status> status;
    } end;
    const kvh_done done{[](void* ctx, int32_t code, const kvh_error* words) noexcept {
                          auto& mine = *static_cast<End*>(ctx);
                          const std::lock_guard lock(mine.mutex);
                          mine.status = kvhost::detail::read_status(code, words);
                          mine.changed.notify_all();
                        },
                        &end};
    kvh_error error = kvhost::detail::make_error();
    const int32_t code = table_->append(table_->self, handle_, entries.data(), entries.size(),
                                        sizeof(kvh_journal_entry), done, &error);
    if (code != KVH_PENDING) return kvhost::detail::read_status(code, &error);
    std::unique_lock lock(end.mutex);
    end.changed.wait(lock, [&] { return end.status.has_value(); });
    return *end.status;
  }
  // visit(const kvh_journal_entry&) for entries from `from` on, as many as one read gives.
  template <typename Visit>
  Status read(uint64_t from, Visit visit) const {
    constexpr uint64_t kMostBytes = 4 << 20;
    kvh_error error = kvhost::detail::make_error();
    const kvh_journal_sink sink{
        [](void* ctx, const kvh_journal_entry* entries, uint64_t count,
           uint64_t stride) noexcept -> int32_t {
          for (uint64_t i = 0; i < count; ++i) {
            (*static_cast<Visit*>(ctx))(kvhost::detail::strided(entries, stride, i));
          }
          return 0;
        },
        &visit};
    return kvhost::detail::read_status(
        table_->read(table_->self, handle_, from, kMostBytes, sink, &error), &error);
  }
  // Entries up to `index` are in tables and of no more use.
  void cut(uint64_t index) const {
    kvh_error error = kvhost::detail::make_error();
    (void)table_->truncate_before(table_->self, handle_, index + 1, &error);
  }

 private:
  const kvh_journal* table_;
  uint64_t handle_ = 0;
  uint64_t first_ = 0;
  uint64_t last_ = 0;
};

// What an entry of the journal holds: the stamp, then the batch.
std::string to_payload(uint64_t now_ms, std::string_view batch) {
  std::string payload(sizeof(now_ms), '\0');
  for (std::size_t i = 0; i < sizeof(now_ms); ++i) {
    payload[i] = static_cast<char>(now_ms >> (8 * i));
  }
  return payload.append(batch);
}
kvh_ordered_batch to_batch(std::string_view payload) {
  kvh_ordered_batch batch{};
  for (std::size_t i = 0; i < sizeof(batch.now_ms) && i < payload.size(); ++i) {
    batch.now_ms |= uint64_t{static_cast<unsigned char>(payload[i])} << (8 * i);
  }
  const auto rest = payload.substr(std::min(payload.size(), sizeof(batch.now_ms)));
  batch.bytes = {rest.data(), rest.size()};
  return batch;
}

class Journaled final : public kvhost::Replication {
 public:
  static constexpr auto kOptions =
      kvhost::options(kvhost::integer("max_waiting", 10000)
                          .min(1)
                          .max(1000000)
                          .unit("proposals")
                          .doc("more than these waiting are refused as overloaded"));

  static kvhost::Result<std::unique_ptr<Journaled>> create(kvhost::Context& context,
                                                           const kvhost::Config& config) {
    const Journal journal(context.service<kvh_journal>(KVH_SERVICE_JOURNAL));
    if (!journal.is_there()) return Status(StatusCode::NOT_SUPPORTED, "the host has no journal");
    return std::make_unique<Journaled>(journal,
                                       static_cast<std::size_t>(config.integer("max_waiting")));
  }
  Journaled(Journal journal, std::size_t max_waiting)
      : journal_(journal), max_waiting_(max_waiting) {}
  ~Journaled() override { stop({}); }

  uint64_t traits() const override {
    return KVH_TRAIT_OWN_LOG | KVH_TRAIT_LEADER_READS | KVH_TRAIT_LINEARIZABLE;
  }

  Status attach(kvhost::StateMachine state_machine) override {
    state_machine_ = state_machine;
    KVHOST_TRY(journal_.open("journaled"));
    KVHOST_TRY(replay());
    state_machine.on_durable(
        [](void* self, const kvh_position* position) noexcept {
          static_cast<Journaled*>(self)->journal_.cut(position->index);
        },
        this);
    state_machine.role_changed(KVH_ROLE_LEADER, {});
    const std::lock_guard lock(mutex_);
    is_running_ = true;
    thread_ = std::thread([this] { work(); });
    return {};
  }
  void stop(kvhost::Deadline) override {
    {
      const std::lock_guard lock(mutex_);
      is_running_ = false;
    }
    changed_.notify_all();
    if (thread_.joinable()) thread_.join();
    if (state_machine_) state_machine_->on_durable(nullptr, nullptr);
    state_machine_.reset();
    journal_.close();
  }

  void propose(const kvh_call&, std::span<const std::string_view> batches,
               kvhost::ProposalDone done) override {
    Status refusal;
    {
      const std::lock_guard lock(mutex_);
      if (!is_running_) {
        refusal = {StatusCode::DRAINING, "the strategy is stopping"};
      } else if (waiting_.size() >= max_waiting_) {
        refusal = {StatusCode::OVERLOADED, "too many proposals are waiting"};
      } else {
        waiting_.push_back({{batches.begin(), batches.end()}, done});
      }
    }
    if (!refusal.is_ok()) return done.finish(refusal);
    changed_.notify_all();
  }
  void read_barrier(const kvh_call&, kvhost::BarrierDone done) override {
    std::unique_lock lock(mutex_);
    if (!is_running_) {
      lock.unlock();
      return done.refuse({StatusCode::DRAINING, "the strategy is stopping"});
    }
    const auto state_machine = *state_machine_;
    lock.unlock();
    done.grant(state_machine.applied().index, state_machine.now_ms());
  }

 private:
  struct Proposal {
    std::vector<std::string> batches;
    kvhost::ProposalDone done;
  };

  // Applies what the journal holds and the engine has lost.
  Status replay() {
    kvhost::Position next = state_machine_->applied();
    for (++next.index; next.index <= journal_.last();) {
      std::vector<std::string> payloads;
      KVHOST_TRY(journal_.read(next.index, [&](const kvh_journal_entry& entry) {
        payloads.emplace_back(entry.payload.data, entry.payload.size);
      }));
      if (payloads.empty()) {
        return {StatusCode::CORRUPTION, "the journal \"journaled\" has no entry " +
                                            std::to_string(next.index) + ", but ends at " +
                                            std::to_string(journal_.last())};
      }
      std::vector<kvh_ordered_batch> batches;
      for (const auto& payload : payloads) batches.push_back(to_batch(payload));
      KVHOST_TRY(state_machine_->apply(next, batches, [](auto...) {}));
      next.index += batches.size();
    }
    next_index_ = next.index;
    return {};
  }

  // One round after the other: all that waits is written with one append. What waits when it is
  // time to stop was accepted, and is still carried out.
  void work() {
    std::unique_lock lock(mutex_);
    for (;;) {
      changed_.wait(lock, [this] { return !is_running_ || !waiting_.empty(); });
      if (waiting_.empty()) return;
      const auto round = std::exchange(waiting_, {});
      lock.unlock();
      carry_out(round);
      lock.lock();
    }
  }
  void carry_out(const std::deque<Proposal>& round) {
    std::vector<std::string> payloads;
    for (const auto& proposal : round) {
      for (const auto& batch : proposal.batches) {
        payloads.push_back(to_payload(state_machine_->now_ms(), batch));
      }
    }
    std::vector<kvh_journal_entry> entries;
    for (const auto& payload : payloads) {
      entries.push_back({next_index_ + entries.size(), 1, {payload.data(), payload.size()}});
    }
    // After a failed append nobody knows what is in the journal: nothing may follow it.
    if (failure_.is_ok()) failure_ = journal_.append(entries);
    std::size_t first = 0;
    for (const auto& proposal : round) {
      const std::span mine = std::span(payloads).subspan(first, proposal.batches.size());
      first += mine.size();
      if (failure_.is_ok()) failure_ = apply(mine, proposal.done);
      proposal.done.finish(
          failure_.is_ok() ? Status() : Status(StatusCode::OUTCOME_UNKNOWN, failure_.message()));
    }
  }
  Status apply(std::span<const std::string> payloads, const kvhost::ProposalDone& done) {
    std::vector<kvh_ordered_batch> batches;
    for (const auto& payload : payloads) batches.push_back(to_batch(payload));
    const kvhost::Position first{0, 1, next_index_};
    next_index_ += batches.size();
    return state_machine_->apply(
        first, batches, [&](uint64_t offset, const Status& status, const kvh_result* result) {
          done.result(offset, status, result);
        });
  }

  Journal journal_;
  const std::size_t max_waiting_;
  std::optional<kvhost::StateMachine> state_machine_;  // from attach() until stop()

  // The thread's.
  uint64_t next_index_ = 1;
  Status failure_;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Proposal> waiting_;
  bool is_running_ = false;
  std::thread thread_;
};

}  // namespace

KVHOST_PLUGIN("org.example.journaled", "1.0.0",
              kvhost::replication<Journaled>("journaled", "one node with a log of its own"));
