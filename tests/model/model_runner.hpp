// Plays a list of steps on an engine and on the model, and compares whatever can be seen. After a
// power cut the engine may stand at any state between the newest one that was promised durable and
// the newest one at all: the runner keeps those and looks which it is.
//
// Threads:   one.
// Errors:    run_steps() returns what was wrong, or nothing.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "model_policies.hpp"
#include "model_state.hpp"
#include "model_step.hpp"
#include "support/crash_file_system.hpp"
#include "support/manual_clock.hpp"

namespace kvhost::engine::testing {

class ModelRunner {
 public:
  // Makes the policy that a step kPolicy sets, of the step's seed.
  using PolicySource = std::function<std::shared_ptr<CompactionPolicy>(uint64_t seed)>;

  explicit ModelRunner(Options options, PolicySource policies = draw_policy)
      : options_(std::move(options)), policies_(std::move(policies)) {}

  // Throws Difference at the first thing that is wrong.
  struct Difference {
    std::string what;
  };
  void run(const std::vector<Step>& steps);

 private:
  struct Moment {
    ModelState state;
    uint64_t last_sequence = 0;
  };
  struct HeldSnapshot {
    std::unique_ptr<Snapshot> held;
    ModelState state;
  };

  void play(const Step& step);
  void write(const WriteBatch& batch, const WriteOptions& how);
  void check_outcome(const WriteResult& seen, const ModelState::Outcome& expected);
  void check_get(uint64_t seed);
  void check_multi_get(uint64_t seed);
  void check_scan(uint64_t seed, bool back, const Snapshot* snapshot, const ModelState& expected);
  void check_zigzag(uint64_t seed);
  void check_everything();
  void check_copy(const std::string& directory);

  // Of something other than a write: an error is only right on a dying machine.
  void must(const Status& status, const char* what);
  void open();
  void restart();
  void cut_power();
  void after_crash(bool power_was_cut);
  bool matches(const ModelState& state, uint64_t now_ms);
  void promise_durable();

  const ModelState& now() const { return moments_.back().state; }

  const Options options_;
  const PolicySource policies_;
  CrashFileSystem disk_;
  ManualClock clock_;
  std::unique_ptr<Engine> engine_;
  // States since the newest that is promised durable, which comes first.
  std::deque<Moment> moments_{Moment{}};
  // True when the newest moment is that of a write that failed: it may have happened.
  bool newest_is_doubtful_ = false;
  bool is_dying_ = false;
  uint64_t highest_sequence_ = 0;
  std::deque<HeldSnapshot> snapshots_;
  uint64_t copies_ = 0;
};

// Nothing when the history went well.
std::optional<std::string> run_steps(const Options& options, const std::vector<Step>& steps);
// Leaves out steps as long as the rest still fails, for at most `seconds`.
std::vector<Step> shrink(const Options& options, std::vector<Step> steps, int seconds);

}  // namespace kvhost::engine::testing
