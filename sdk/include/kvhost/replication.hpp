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
  // The newest version given to a write; 0: nothing was ever written to this state.
  uint64_t last_version() const {
    return KVH_HAS(table_, kvh_state_machine, last_version) ? table_->last_version(table_->self)
                                                            : 0;
  }
  // The stamp for the next batch that this node orders; never decreasing.
  uint64_t now_ms() const { return table_->now_ms(table_->self); }
  // Checkpoints to send, installs of received ones, digests: see abi/replication.h for what each
  // promises. All of them may block. NOT_SUPPORTED where the host lacks the slot.
  struct Checkpoint {
    uint64_t handle = 0;
    Position position{};
    std::string manifest;
  };
  Result<Checkpoint> checkpoint_open() const {
    if (!KVH_HAS(table_, kvh_state_machine, checkpoint_open)) return missing("checkpoints");
    Checkpoint opened;
    kvh_error error = detail::make_error();
    const int32_t code = table_->checkpoint_open(table_->self, &opened.handle, &opened.position,
                                                 detail::string_sink(opened.manifest), &error);
    if (code != KVH_OK) return detail::read_status(code, &error);
    return opened;
  }
  // Empty at the end of the file.
  Result<std::string> checkpoint_read(uint64_t checkpoint, std::string_view file, uint64_t offset,
                                      uint64_t max_bytes) const {
    std::string bytes;
    kvh_error error = detail::make_error();
    const int32_t code =
        table_->checkpoint_read(table_->self, checkpoint, detail::to_bytes(file), offset, max_bytes,
                                detail::string_sink(bytes), &error);
    if (code != KVH_OK) return detail::read_status(code, &error);
    return bytes;
  }
  void checkpoint_close(uint64_t checkpoint) const {
    table_->checkpoint_close(table_->self, checkpoint);
  }
  Result<uint64_t> install_begin(std::string_view manifest) const {
    if (!KVH_HAS(table_, kvh_state_machine, install_begin)) return missing("installs");
    uint64_t install = 0;
    kvh_error error = detail::make_error();
    const int32_t code =
        table_->install_begin(table_->self, detail::to_bytes(manifest), &install, &error);
    if (code != KVH_OK) return detail::read_status(code, &error);
    return install;
  }
  // JSON: [{"name":…,"offset":…,"bytes":…},…]
  Result<std::string> install_wanted(uint64_t install) const {
    if (!KVH_HAS(table_, kvh_state_machine, install_wanted)) return missing("resumed installs");
    std::string list;
    kvh_error error = detail::make_error();
    const int32_t code =
        table_->install_wanted(table_->self, install, detail::string_sink(list), &error);
    if (code != KVH_OK) return detail::read_status(code, &error);
    return list;
  }
  Status install_write(uint64_t install, std::string_view file, uint64_t offset,
                       std::string_view bytes) const {
    kvh_error error = detail::make_error();
    return detail::read_status(table_->install_write(table_->self, install, detail::to_bytes(file),
                                                     offset, detail::to_bytes(bytes), &error),
                               &error);
  }
  Status install_commit(uint64_t install) const {
    kvh_error error = detail::make_error();
    return detail::read_status(table_->install_commit(table_->self, install, &error), &error);
  }
  void install_abort(uint64_t install) const { table_->install_abort(table_->self, install); }
  // Of every live record in [start, end) as of `index`; 0 = now. An empty `end` is the end.
  struct Digest {
    uint64_t words[2] = {0, 0};
    friend bool operator==(const Digest& a, const Digest& b) {
      return a.words[0] == b.words[0] && a.words[1] == b.words[1];
    }
  };
  Result<Digest> digest(std::string_view start, std::string_view end, uint64_t index,
                        uint64_t now_ms) const {
    if (!KVH_HAS(table_, kvh_state_machine, digest)) return missing("digests");
    Digest out;
    kvh_error error = detail::make_error();
    const int32_t code = table_->digest(table_->self, detail::to_bytes(start),
                                        detail::to_bytes(end), index, now_ms, out.words, &error);
    if (code != KVH_OK) return detail::read_status(code, &error);
    return out;
  }
  const kvh_state_machine* table() const { return table_; }

 private:
  static Status missing(const char* what) {
    return {StatusCode::NOT_SUPPORTED, std::string("this host has no ") + what};
  }
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

// Completes an administrator's command: answer() or refuse(), exactly once; any thread.
class CommandDone {
 public:
  CommandDone(kvh_bytes_sink sink, kvh_done done) : sink_(sink), done_(done) {}
  void answer(std::string_view json) const {
    detail::send(sink_, json);
    done_.fn(done_.ctx, KVH_OK, nullptr);
  }
  void refuse(const Status& status) const {
    kvh_error words = detail::make_error();
    const int32_t code = detail::write_status(&words, status);
    done_.fn(done_.ctx, code, &words);
  }

 private:
  kvh_bytes_sink sink_;
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
  // One JSON object; its members are listed at kvh_replication.status.
  virtual std::string status() const { return "{}"; }
  // An administrator's command; arguments and answer are JSON. May block: the host calls it on a
  // thread of its own.
  virtual Result<std::string> command(std::string_view name, std::string_view /*arguments*/) {
    return Status(StatusCode::UNKNOWN_ROUTE,
                  "the strategy has no command \"" + std::string(name) + "\"");
  }
  // For a strategy whose commands take time: overridden instead of command(), answers through
  // `done`.
  virtual void run_command(const kvh_call& /*call*/, std::string_view name,
                           std::string_view arguments, CommandDone done) {
    const auto answer = command(name, arguments);
    answer ? done.answer(*answer) : done.refuse(answer.error());
  }
};

}  // namespace kvhost
