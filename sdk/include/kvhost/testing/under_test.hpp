// A component of each kind, with its C table behind plain calls.
//
//   CompactionUnderTest policy(std::move(*Component::create(*descriptor, host, {{"runs", "4"}})));
//   auto plan = policy.plan(tree);
//
// Threads:   as Component; propose() and read_barrier() of a strategy from any thread.
// Lifetime:  as Component. A FakeStateMachine or FakeMetrics that is attached outlives it.
#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "kvhost/testing/component.hpp"
#include "kvhost/testing/fake_state_machine.hpp"
#include "kvhost/testing/test_tree.hpp"

namespace kvhost::testing {

// Each piece that a slot sends to a bytes sink.
inline std::vector<std::string> collect_pieces(int32_t (*ask)(void*, kvh_bytes_sink) KVH_NOEXCEPT,
                                               void* self) {
  std::vector<std::string> list;
  if (ask == nullptr) return list;
  ask(self, {[](void* ctx, kvh_bytes piece) noexcept -> int32_t {
               static_cast<std::vector<std::string>*>(ctx)->emplace_back(detail::to_view(piece));
               return 0;
             },
             &list});
  return list;
}

class CompactionUnderTest {
 public:
  explicit CompactionUnderTest(Component component) : component_(std::move(component)) {}
  Component& component() { return component_; }

  Result<Plan> plan(TestTree& tree, const std::vector<TreeEvent>& events = {},
                    std::chrono::milliseconds limit = std::chrono::seconds(10)) {
    return plan(tree.abi(), events, limit);
  }
  Result<Plan> plan(const kvh_tree& tree, const std::vector<TreeEvent>& events,
                    std::chrono::milliseconds limit);
  // Zeros when the policy has no such slot.
  Result<Pressure> pressure(TestTree& tree);

 private:
  Component component_;
};

class TransportUnderTest {
 public:
  explicit TransportUnderTest(Component component) : component_(std::move(component)) {}
  Component& component() { return component_; }
  std::vector<std::string> addresses() const {
    return collect_pieces(component_.table<kvh_transport>()->addresses, component_.self());
  }

 private:
  Component component_;
};

class ExporterUnderTest {
 public:
  explicit ExporterUnderTest(Component component) : component_(std::move(component)) {}
  Component& component() { return component_; }
  // Starts, and shows `metrics`.
  Status attach(const FakeMetrics& metrics) {
    KVHOST_TRY(component_.start());
    kvh_error error = detail::make_error();
    return detail::read_status(
        component_.table<kvh_exporter>()->attach(component_.self(), metrics.registry(), &error),
        &error);
  }
  std::vector<std::string> addresses() const {
    const auto* const table = component_.table<kvh_exporter>();
    if (!KVH_HAS(table, kvh_exporter, addresses)) return {};
    return collect_pieces(table->addresses, component_.self());
  }

 private:
  Component component_;
};

// A batch on its way, and what came of it.
struct Proposal : CallEnd {
  std::vector<Status> results;    // of each batch, in order; a batch without one has INTERNAL
  std::vector<uint64_t> indexes;  // where each was applied
};

class ReplicationUnderTest {
 public:
  explicit ReplicationUnderTest(Component component) : component_(std::move(component)) {}
  Component& component() { return component_; }
  // Starts, and lets it work on `machine`.
  Status attach(const FakeStateMachine& machine) {
    KVHOST_TRY(component_.start());
    kvh_error error = detail::make_error();
    return detail::read_status(
        component_.table<kvh_replication>()->attach(component_.self(), machine.table(), &error),
        &error);
  }
  std::shared_ptr<Proposal> propose(const std::vector<std::string>& batches,
                                    std::chrono::milliseconds limit = std::chrono::seconds(10));
  // The barrier of a read at `level` (KVH_READ_…).
  Result<kvh_barrier> read_barrier(uint32_t level,
                                   std::chrono::milliseconds limit = std::chrono::seconds(10));
  std::string status() const {
    const auto* const table = component_.table<kvh_replication>();
    if (!KVH_HAS(table, kvh_replication, status)) return {};
    const auto texts = collect_pieces(table->status, component_.self());
    return texts.empty() ? std::string() : texts.front();
  }

 private:
  // A faulty strategy may call back late: what it calls lives until the component is gone.
  void keep(std::shared_ptr<CallEnd> end) {
    const std::lock_guard lock(*mutex_);
    alive_.push_back(std::move(end));
  }

  std::unique_ptr<std::mutex> mutex_ = std::make_unique<std::mutex>();
  std::vector<std::shared_ptr<CallEnd>> alive_;
  Component component_;
};

inline Result<Plan> CompactionUnderTest::plan(const kvh_tree& tree,
                                              const std::vector<TreeEvent>& events,
                                              std::chrono::milliseconds limit) {
  std::vector<kvh_event> raw;
  for (const auto& event : events) {
    raw.push_back({static_cast<uint32_t>(event.type), 0, event.file_id,
                   detail::to_bytes(event.start), detail::to_bytes(event.end)});
  }
  Plan plan;
  const kvh_job_sink sink{[](void* ctx, const kvh_job* row) noexcept -> int32_t {
                            Job& job = static_cast<Plan*>(ctx)->jobs.emplace_back();
                            job.type = static_cast<JobType>(row->type);
                            if (row->input_count != 0)
                              job.inputs.assign(row->inputs, row->inputs + row->input_count);
                            job.clip_start = detail::to_view(row->clip_start);
                            job.clip_end = detail::to_view(row->clip_end);
                            job.target_level = row->target_level;
                            job.target_run = row->target_run;
                            job.split_file_bytes = row->split_file_bytes;
                            job.split_overlap_bytes = row->split_overlap_bytes;
                            job.split_window_ms = row->split_window_ms;
                            job.codec = static_cast<Codec>(row->codec);
                            job.bits_per_key = row->bits_per_key;
                            job.blob_threshold = row->blob_threshold;
                            job.priority = row->priority;
                            job.policy_state = detail::to_view(row->policy_state);
                            job.reason = detail::to_view(row->reason);
                            return 0;
                          },
                          &plan};
  kvh_error error = detail::make_error();
  const int32_t code = component_.table<kvh_compaction>()->plan(
      component_.self(), &tree, raw.data(), raw.size(), sizeof(kvh_event),
      Component::deadline_ns(limit), sink, &error);
  if (code != KVH_OK) return detail::read_status(code, &error);
  return plan;
}

inline Result<Pressure> CompactionUnderTest::pressure(TestTree& tree) {
  const auto* const table = component_.table<kvh_compaction>();
  if (!KVH_HAS(table, kvh_compaction, pressure)) return Pressure();
  kvh_pressure raw{sizeof(kvh_pressure), 0, 0, 0};
  kvh_error error = detail::make_error();
  const int32_t code = table->pressure(component_.self(), &tree.abi(), &raw, &error);
  if (code != KVH_OK) return detail::read_status(code, &error);
  return Pressure{raw.pending_bytes, raw.urgency};
}

inline std::shared_ptr<Proposal> ReplicationUnderTest::propose(
    const std::vector<std::string>& batches, std::chrono::milliseconds limit) {
  const auto proposal = std::make_shared<Proposal>();
  keep(proposal);
  proposal->results.assign(batches.size(), Status(StatusCode::INTERNAL, "there was no result"));
  proposal->indexes.assign(batches.size(), 0);
  std::vector<kvh_bytes> raw;
  for (const auto& batch : batches) raw.push_back(detail::to_bytes(batch));
  kvh_call call{};
  call.size = sizeof(call);
  call.deadline_ns = Component::deadline_ns(limit);
  const kvh_results_sink sink{[](void* ctx, uint64_t offset, int32_t code, const kvh_result* result,
                                 const kvh_error* words) noexcept {
                                auto& mine = *static_cast<Proposal*>(ctx);
                                if (offset >= mine.results.size()) return;
                                mine.results[offset] = detail::read_status(code, words);
                                if (result != nullptr) mine.indexes[offset] = result->index;
                              },
                              proposal.get()};
  kvh_error error = detail::make_error();
  const int32_t code = component_.table<kvh_replication>()->propose(
      component_.self(), &call, raw.data(), raw.size(), sink, proposal->done(), &error);
  if (code != KVH_PENDING) proposal->finish(code, &error);
  return proposal;
}

inline Result<kvh_barrier> ReplicationUnderTest::read_barrier(uint32_t level,
                                                              std::chrono::milliseconds limit) {
  struct Waiting : CallEnd {
    kvh_barrier barrier{};
  };
  const auto waiting = std::make_shared<Waiting>();
  keep(waiting);
  kvh_call call{};
  call.size = sizeof(call);
  call.read_level = level;
  call.deadline_ns = Component::deadline_ns(limit);
  const kvh_barrier_sink sink{[](void* ctx, const kvh_barrier* barrier) noexcept {
                                static_cast<Waiting*>(ctx)->barrier = *barrier;
                              },
                              waiting.get()};
  kvh_error error = detail::make_error();
  const int32_t code = component_.table<kvh_replication>()->read_barrier(
      component_.self(), &call, sink, waiting->done(), &error);
  if (code != KVH_PENDING) waiting->finish(code, &error);
  if (!waiting->wait(limit + std::chrono::seconds(5))) {
    return Status(StatusCode::DEADLINE_EXCEEDED, "the barrier was never answered");
  }
  if (!waiting->status().is_ok()) return waiting->status();
  return waiting->barrier;
}

}  // namespace kvhost::testing
