// Plugins that throw: a policy in its create, and one component of each kind in the method that its
// option `at` names. A throw must become words, not a crash.
#include <chrono>
#include <stdexcept>
#include <string>

#include "kvhost/plugin.hpp"

namespace {

using kvhost::Config;
using kvhost::Context;
using kvhost::Deadline;
using kvhost::Result;
using kvhost::Status;

class Throwing final : public kvhost::CompactionPolicy {
 public:
  static Result<std::unique_ptr<Throwing>> create(Context&, const Config&) {
    throw std::runtime_error("the cat sat on the keyboard");
  }
  Result<kvhost::Plan> plan(const kvhost::TreeView&, std::span<const kvhost::TreeEvent>,
                            Deadline) override {
    return kvhost::Plan();
  }
};

class Trap {
 public:
  static constexpr auto kOptions =
      kvhost::options(kvhost::string("at", "").doc("the method that throws"),
                      kvhost::integer("mood", 0).reloadable().doc("something to reload"));

  explicit Trap(const Config& config) : at_(config.string("at")) {}
  void step(const char* method) const {
    if (at_ == method) throw std::runtime_error("the cat sat on " + at_);
    if (at_ == std::string(method) + ":odd") throw 7;  // NOLINT(hicpp-exception-baseclass)
  }

 private:
  std::string at_;
};

// T::create for a component that is made from its trap; "nothing" makes none, and says ok.
template <typename T>
Result<std::unique_ptr<T>> made(const Config& config) {
  Trap trap(config);
  trap.step("create");
  if (config.string("at") == "nothing") return std::unique_ptr<T>();
  return std::make_unique<T>(trap);
}

class TrapPolicy final : public kvhost::CompactionPolicy {
 public:
  static constexpr auto& kOptions = Trap::kOptions;
  static Result<std::unique_ptr<TrapPolicy>> create(Context&, const Config& config) {
    return made<TrapPolicy>(config);
  }
  explicit TrapPolicy(Trap trap) : trap_(std::move(trap)) {}

  Status start() {
    trap_.step("start");
    return {};
  }
  void stop(Deadline) { trap_.step("stop"); }
  Status reconfigure(const Config&) {
    trap_.step("reconfigure");
    return {};
  }
  Result<kvhost::Plan> plan(const kvhost::TreeView&, std::span<const kvhost::TreeEvent>,
                            Deadline) override {
    trap_.step("plan");
    return kvhost::Plan();
  }
  kvhost::Pressure pressure(const kvhost::TreeView&) override {
    trap_.step("pressure");
    return {};
  }

 private:
  Trap trap_;
};

class TrapLine final : public kvhost::Transport {
 public:
  static constexpr auto& kOptions = Trap::kOptions;
  static Result<std::unique_ptr<TrapLine>> create(Context&, const Config& config) {
    return made<TrapLine>(config);
  }
  explicit TrapLine(Trap trap) : trap_(std::move(trap)) {}

  Status start() override {
    trap_.step("start");
    return {};
  }
  void drain(Deadline, std::function<void()> drained) override {
    trap_.step("drain");
    drained();
    trap_.step("drained");
  }
  void stop(Deadline) override { trap_.step("stop"); }
  Status reconfigure(const Config&) override {
    trap_.step("reconfigure");
    return {};
  }
  std::vector<std::string> addresses() const override {
    trap_.step("addresses");
    return {"nowhere"};
  }
  std::string info() const override {
    trap_.step("info");
    return "{}";
  }

 private:
  Trap trap_;
};

class TrapPage final : public kvhost::Exporter {
 public:
  static constexpr auto& kOptions = Trap::kOptions;
  static Result<std::unique_ptr<TrapPage>> create(Context&, const Config& config) {
    return made<TrapPage>(config);
  }
  explicit TrapPage(Trap trap) : trap_(std::move(trap)) {}

  Status start() override {
    trap_.step("start");
    return {};
  }
  Status attach(kvhost::Registry) override {
    trap_.step("attach");
    return {};
  }
  void stop(Deadline) override { trap_.step("stop"); }
  std::vector<std::string> addresses() const override {
    trap_.step("addresses");
    return {"nowhere"};
  }

 private:
  Trap trap_;
};

class TrapQueue final : public kvhost::Replication {
 public:
  static constexpr auto& kOptions = Trap::kOptions;
  static Result<std::unique_ptr<TrapQueue>> create(Context&, const Config& config) {
    return made<TrapQueue>(config);
  }
  explicit TrapQueue(Trap trap) : trap_(std::move(trap)) {}

  uint64_t traits() const override {
    trap_.step("traits");
    return KVH_TRAIT_LINEARIZABLE;
  }
  Status start() override {
    trap_.step("start");
    return {};
  }
  Status attach(kvhost::StateMachine) override {
    trap_.step("attach");
    return {};
  }
  void stop(Deadline) override { trap_.step("stop"); }
  void propose(const kvh_call&, std::span<const std::string_view>,
               kvhost::ProposalDone done) override {
    trap_.step("propose");
    done.finish(Status(kvhost::StatusCode::NO_QUORUM, "it orders nothing"));
    trap_.step("proposed");
  }
  void read_barrier(const kvh_call&, kvhost::BarrierDone done) override {
    trap_.step("read_barrier");
    done.refuse(Status(kvhost::StatusCode::NO_QUORUM, "it grants nothing"));
  }
  std::optional<std::string> leader_hint() const override {
    trap_.step("leader_hint");
    return std::nullopt;
  }
  std::string status() const override {
    trap_.step("status");
    return "{}";
  }
  Result<std::string> command(std::string_view, std::string_view) override {
    trap_.step("command");
    return "{}";
  }

 private:
  Trap trap_;
};

}  // namespace

KVHOST_PLUGIN("test.throwing", "1.0.0", kvhost::compaction<Throwing>("throwing"),
              kvhost::compaction<TrapPolicy>("trap"), kvhost::transport<TrapLine>("trap-line"),
              kvhost::exporter<TrapPage>("trap-page"),
              kvhost::replication<TrapQueue>("trap-queue"));
