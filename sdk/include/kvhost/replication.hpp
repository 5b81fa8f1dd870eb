// The C++ face of a replication strategy: orders batches, makes them durable where it needs them,
// and says when a read may be served.
//
// Threads:   start, attach, drain and stop on the control thread; the rest on any thread,
//            concurrently, and never blocking.
// Lifetime:  the StateMachine and the Journal are good from attach() until stop() returned.
// Order:     batches are applied in the order of their index, each exactly once per state.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "kvhost/abi/replication.h"
#include "kvhost/compaction.hpp"
#include "kvhost/config.hpp"
#include "kvhost/context.hpp"
#include "kvhost/result.hpp"
#include "kvhost/store.hpp"

namespace kvhost {

using Position = kvh_position;

// The host's side: carries out what was ordered.
class StateMachine {
 public:
  explicit StateMachine(const kvh_state_machine* table) : table_(table) {}

  // Applies batches first.index, first.index + 1, …; on_result(offset, status, result) for each,
  // where result may be null. One caller at a time; may block. An error is fatal for the node.
  template <typename OnResult>
  Status apply(const Position& first, std::span<const kvh_ordered_batch> batches,
               OnResult on_result) const {
    kvh_error error = detail::make_error();
    const kvh_results_sink sink{[](void* ctx, uint64_t offset, int32_t code,
                                   const kvh_result* result, const kvh_error* words) noexcept {
                                  detail::swallowed([&] {
                                    (*static_cast<OnResult*>(ctx))(
                                        offset, detail::read_status(code, words), result);
                                  });
                                },
                                &on_result};
    return detail::read_status(table_->apply(table_->self, &first, batches.data(), batches.size(),
                                             sizeof(kvh_ordered_batch), sink, &error),
                               &error);
  }
  Position applied() const { return position(table_->applied); }
  // The log may be cut up to here.
  Position durable() const { return position(table_->durable); }
  void on_durable(void (*fn)(void*, const kvh_position*) KVH_NOEXCEPT, void* ctx) const {
    table_->on_durable(table_->self, fn, ctx);
  }
  void role_changed(uint32_t role, std::string_view leader_advertise) const {
    table_->role_changed(table_->self, role, detail::to_bytes(leader_advertise));
  }
  // The stamp for the next batch that this node orders; never decreasing.
  uint64_t now_ms() const { return table_->now_ms(table_->self); }
  // Checkpoints, installs and digests are used through the table, where KVH_HAS says they exist.
  const kvh_state_machine* table() const { return table_; }

 private:
  Position position(void (*read)(void*, kvh_position*) KVH_NOEXCEPT) const {
    Position out{};
    read(table_->self, &out);
    return out;
  }
  const kvh_state_machine* table_;
};

// Completes a proposal. Call result() for each batch, then finish() exactly once; any thread.
class ProposalDone {
 public:
  ProposalDone(kvh_results_sink sink, kvh_done done) : sink_(sink), done_(done) {}
  void result(uint64_t offset, const Status& status, const kvh_result* result) const {
    kvh_error words = detail::make_error();
    const int32_t code = detail::write_status(&words, status);
    sink_.fn(sink_.ctx, offset, code, result, code == KVH_OK ? nullptr : &words);
  }
  void finish(const Status& status) const {
    kvh_error words = detail::make_error();
    const int32_t code = detail::write_status(&words, status);
    done_.fn(done_.ctx, code, code == KVH_OK ? nullptr : &words);
  }

 private:
  kvh_results_sink sink_;
  kvh_done done_;
};

// Completes a barrier: grant() or refuse(), exactly once; any thread.
class BarrierDone {
 public:
  BarrierDone(kvh_barrier_sink sink, kvh_done done) : sink_(sink), done_(done) {}
  void grant(uint64_t index, uint64_t now_ms) const {
    const kvh_barrier barrier{sizeof(barrier), 0, index, now_ms};
    sink_.fn(sink_.ctx, &barrier);
    done_.fn(done_.ctx, KVH_OK, nullptr);
  }
  void refuse(const Status& status) const {
    kvh_error words = detail::make_error();
    const int32_t code = detail::write_status(&words, status);
    done_.fn(done_.ctx, code, &words);
  }

 private:
  kvh_barrier_sink sink_;
  kvh_done done_;
};

class Replication {
 public:
  virtual ~Replication() = default;
  // KVH_TRAIT_…; pure.
  virtual uint64_t traits() const = 0;
  virtual Status start() { return {}; }
  // Replays, connects, serves.
  virtual Status attach(StateMachine state_machine) = 0;
  virtual void stop(Deadline deadline) = 0;
  // The batches' bytes are borrowed until this returns; completes through `done`, maybe inside.
  virtual void propose(const kvh_call& call, std::span<const std::string_view> batches,
                       ProposalDone done) = 0;
  virtual void read_barrier(const kvh_call& call, BarrierDone done) = 0;
  // Where clients reach the leader, if it is known.
  virtual std::optional<std::string> leader_hint() const { return std::nullopt; }
  // One JSON object.
  virtual std::string status() const { return "{}"; }
  // An administrator's command; the answer is JSON.
  virtual Result<std::string> command(std::string_view name, std::string_view /*arguments*/) {
    return Status(StatusCode::UNKNOWN_ROUTE,
                  "the strategy has no command \"" + std::string(name) + "\"");
  }
};

}  // namespace kvhost
