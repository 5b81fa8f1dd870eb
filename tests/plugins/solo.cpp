// Two strategies of one node each, alike but for their names: a batch goes to the journal, and is
// applied and answered once it is durable there. After a restart the journal is replayed from where
// the tables end.
#include <cstring>
#include <mutex>
#include <optional>
#include <string>

#include "kvhost/plugin.hpp"

namespace {

using kvhost::Position;
using kvhost::Status;

class Solo final : public kvhost::Replication {
 public:
  static constexpr auto kOptions =
      kvhost::options(kvhost::string("journal", "solo").doc("the journal's name"));

  static kvhost::Result<std::unique_ptr<Solo>> create(kvhost::Context& context,
                                                      const kvhost::Config& config) {
    auto solo = std::make_unique<Solo>(context);
    solo->name_ = config.string("journal");
    return solo;
  }
  explicit Solo(const kvhost::Context& context) : context_(context) {}

  uint64_t traits() const override { return KVH_TRAIT_OWN_LOG | KVH_TRAIT_LINEARIZABLE; }

  Status attach(kvhost::StateMachine machine) override {
    machine_.emplace(machine);
    KVHOST_TRY_ASSIGN(journal_, kvhost::Journal::open(context_, name_));
    const uint64_t applied = machine.applied().index;
    // The journal of an earlier life is gone: what is here follows what the tables hold.
    if (journal_->opened().first > applied + 1) {
      return {kvhost::StatusCode::CORRUPTION, "the journal begins behind the tables' end"};
    }
    KVHOST_TRY(replay(applied + 1));
    next_ = journal_->opened().last + 1;
    machine.on_durable(
        [](void* self, const kvh_position* position) noexcept {
          auto& mine = *static_cast<Solo*>(self);
          const std::lock_guard lock(mine.mutex_);
          if (mine.journal_) (void)mine.journal_->truncate_before(position->index + 1);
        },
        this);
    machine.role_changed(KVH_ROLE_LEADER, "");
    return {};
  }
  void stop(kvhost::Deadline) override {
    std::unique_ptr<kvhost::Journal> closing;
    {
      const std::lock_guard lock(mutex_);
      closing = std::move(journal_);
    }
    // Completes what was appended; its callbacks run no more after this.
    closing.reset();
  }

  void propose(const kvh_call&, std::span<const std::string_view> batches,
               kvhost::ProposalDone done) override {
    const std::lock_guard lock(mutex_);
    const uint64_t now_ms = machine_->now_ms();
    // The stamp goes before the batch's own bytes.
    std::string payload(reinterpret_cast<const char*>(&now_ms), sizeof now_ms);
    payload.append(batches[0]);
    const uint64_t index = next_++;
    const kvhost::JournalEntryView entry{index, 1, payload};
    journal_->append({&entry, 1}, [this, index, payload, done](const Status& status) {
      if (!status) return done.finish(status);
      done.finish(apply(index, payload, &done));
    });
  }
  void read_barrier(const kvh_call&, kvhost::BarrierDone done) override {
    done.grant(machine_->applied().index, machine_->now_ms());
  }
  std::string status() const override { return R"({"role":"leader","term":1})"; }

 private:
  Status apply(uint64_t index, const std::string& payload, const kvhost::ProposalDone* done) {
    kvh_ordered_batch batch{};
    std::memcpy(&batch.now_ms, payload.data(), sizeof batch.now_ms);
    batch.bytes = {payload.data() + sizeof batch.now_ms, payload.size() - sizeof batch.now_ms};
    return machine_->apply(Position{1, 1, index}, {&batch, 1},
                           [done](uint64_t offset, const Status& status, const kvh_result* result) {
                             if (done != nullptr) done->result(offset, status, result);
                           });
  }
  Status replay(uint64_t from) {
    while (from <= journal_->opened().last) {
      Status applied;
      KVHOST_TRY(journal_->read(from, 1 << 20, [&](const kvhost::JournalEntryView& entry) {
        if (applied) applied = apply(entry.index, std::string(entry.payload), nullptr);
        from = entry.index + 1;
      }));
      KVHOST_TRY(applied);
    }
    return {};
  }

  kvhost::Context context_;
  std::string name_;
  std::optional<kvhost::StateMachine> machine_;
  std::unique_ptr<kvhost::Journal> journal_;
  std::mutex mutex_;
  uint64_t next_ = 1;
};

}  // namespace

KVHOST_PLUGIN("test.solo", "1.0.0", kvhost::replication<Solo>("solo", "one node, one journal"),
              kvhost::replication<Solo>("solo-too", "the same under another name"))
