// A strategy that is told of other nodes and asks none of them: what it acknowledges is on one node
// alone (LONELY), or it refuses what it has carried out (HASTY).
#include <kvhost/plugin.hpp>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

namespace {

constexpr auto kPeer = kvhost::options(kvhost::string("id").required().doc("the peer's name"),
                                       kvhost::address("address").required().doc("its address"));

class Alone final : public kvhost::Replication {
 public:
  static constexpr auto kOptions =
      kvhost::options(kvhost::address("listen", "127.0.0.1:0").doc("where it would listen"),
                      kvhost::tables("peers", kPeer).doc("whom it would ask"));

  static kvhost::Result<std::unique_ptr<Alone>> create(kvhost::Context&, const kvhost::Config&) {
    return std::make_unique<Alone>();
  }
  uint64_t traits() const override { return 0; }
  kvhost::Status attach(kvhost::StateMachine machine) override {
    machine_.emplace(machine);
    next_ = machine.applied().index + 1;
    return {};
  }
  void stop(kvhost::Deadline) override {}
  void propose(const kvh_call&, std::span<const std::string_view> batches,
               kvhost::ProposalDone done) override {
    const std::lock_guard lock(mutex_);
    for (std::size_t i = 0; i < batches.size(); ++i) {
      const kvh_ordered_batch batch{machine_->now_ms(), kvhost::detail::to_bytes(batches[i])};
      (void)machine_->apply({1, 1, next_++}, {&batch, 1},
                            [&](uint64_t, const kvhost::Status& status, const kvh_result* result) {
                              done.result(i, status, result);
                            });
    }
#ifdef HASTY
    // Every fifth is carried out, and said not to be.
    if (next_ % 5 == 0) {
      return done.finish({kvhost::StatusCode::NO_QUORUM, "nobody else is here"});
    }
#endif
    done.finish({});
  }
  void read_barrier(const kvh_call&, kvhost::BarrierDone done) override {
    done.grant(next_ - 1, machine_->now_ms());
  }

 private:
  std::mutex mutex_;
  std::optional<kvhost::StateMachine> machine_;
  uint64_t next_ = 1;
};

}  // namespace

KVHOST_PLUGIN("test.unfit-strategy", "1.0.0", kvhost::replication<Alone>("alone"))
