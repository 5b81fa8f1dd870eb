// The replication strategy @NAME@: one node that leads itself. Batches are put in line by propose()
// and applied, one run after another, by a thread of its own. The engine's log makes them durable.
//
// It is the place to start from: a strategy for several nodes sends the line to its peers, and lets
// the thread apply what enough of them have.
//
// Threads:   propose() and read_barrier() on any thread, never blocking; one thread applies.
// Lifetime:  every proposal is completed before stop() returns.
#pragma once

#include <condition_variable>
#include <deque>
#include <kvhost/plugin.hpp>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

class @CLASS@ final : public kvhost::Replication {
 public:
  static constexpr auto kOptions = kvhost::options(
      kvhost::integer("max_waiting", 10000).min(1).max(1000000).unit("proposals").doc(
          "more than these waiting are refused as overloaded"));

  static kvhost::Result<std::unique_ptr<@CLASS@>> create(kvhost::Context& context,
                                                        const kvhost::Config& config);
  @CLASS@(kvhost::Log log, std::size_t max_waiting) : log_(log), max_waiting_(max_waiting) {}
  ~@CLASS@() override { stop({}); }

  uint64_t traits() const override { return KVH_TRAIT_LEADER_READS | KVH_TRAIT_LINEARIZABLE; }
  kvhost::Status attach(kvhost::StateMachine state_machine) override;
  void stop(kvhost::Deadline deadline) override;

  void propose(const kvh_call& call, std::span<const std::string_view> batches,
               kvhost::ProposalDone done) override;
  void read_barrier(const kvh_call& call, kvhost::BarrierDone done) override;
  std::string status() const override;

 private:
  struct Proposal {
    std::vector<std::string> batches;
    kvhost::ProposalDone done;
  };

  void work();
  kvhost::Status apply(const Proposal& proposal);

  const kvhost::Log log_;
  const std::size_t max_waiting_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Proposal> waiting_;
  bool is_running_ = false;
  std::optional<kvhost::StateMachine> state_machine_;  // the thread's, from attach() until stop()
  std::thread thread_;
};
