// The store, as a transport serves it: asynchronous calls with callbacks.
//
// Threads:   any; a callback runs inside the call, or later on a thread of the host's. It must not
//            block; hand over to your own loop.
// Lifetime:  inputs are borrowed until the call returns; what a callback gets, until it returns.
//            The Store is good until the component is destroyed.
// Errors:    callbacks get a Status; the status table says what each code promises.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kvhost/abi/store.h"
#include "kvhost/context.hpp"
#include "kvhost/detail/boundary.hpp"

namespace kvhost {

enum class ReadLevel : uint32_t {
  kDefault = KVH_READ_DEFAULT,
  kLocal = KVH_READ_LOCAL,
  kLeader = KVH_READ_LEADER,
  kLinearizable = KVH_READ_LINEARIZABLE,
};

// The circumstances of one request.
struct Call {
  uint64_t session = 0;
  uint32_t space = 0;
  ReadLevel read_level = ReadLevel::kDefault;
  uint64_t deadline_ns = 0;  // absolute CLOCK_MONOTONIC; 0 = the node's request_timeout
  uint64_t token = 0;        // to cancel by
  uint64_t snapshot = 0;
  std::string_view request_id;  // a retry with the same id is applied once
  std::string_view trace;

  kvh_call to_abi() const {
    return {sizeof(kvh_call),
            space,
            static_cast<uint32_t>(read_level),
            0,
            session,
            deadline_ns,
            token,
            snapshot,
            detail::to_bytes(request_id),
            detail::to_bytes(trace)};
  }
};

// One key's answer; views are borrowed.
struct EntryView {
  bool found = false;
  std::string_view key;
  std::string_view value;
  uint64_t version = 0;
  uint64_t expires_at_ms = 0;
  uint64_t ttl_ms = 0;  // what is left; 0 = no ttl
};

// Operations and conditions that happen together. Borrows keys and values.
class WriteRequest {
 public:
  void put(std::string_view key, std::string_view value, uint64_t ttl_ms = 0, uint32_t flags = 0) {
    add(KVH_OP_PUT, flags, key, value).ttl_ms = ttl_ms;
  }
  void put_until(std::string_view key, std::string_view value, uint64_t expires_at_ms,
                 uint32_t flags = 0) {
    add(KVH_OP_PUT, flags, key, value).expires_at_ms = expires_at_ms;
  }
  void erase(std::string_view key, uint32_t flags = 0) { add(KVH_OP_DELETE, flags, key, {}); }
  // Without `end`: to the end of the space.
  void erase_range(std::string_view start, std::optional<std::string_view> end) {
    add(KVH_OP_DELETE_RANGE, end ? 0 : KVH_OP_TO_END, start, end.value_or(std::string_view()));
  }
  void increment(std::string_view key, int64_t by) { add(KVH_OP_INCREMENT, 0, key, {}).by = by; }

  void require_absent(std::string_view key) { require(KVH_IF_ABSENT, key, 0, {}); }
  void require_present(std::string_view key) { require(KVH_IF_PRESENT, key, 0, {}); }
  void require_version(std::string_view key, uint64_t version) {
    require(KVH_IF_VERSION, key, version, {});
  }
  void require_value(std::string_view key, std::string_view value) {
    require(KVH_IF_VALUE, key, 0, value);
  }

  std::span<const kvh_op> ops() const { return ops_; }
  std::span<const kvh_condition> conditions() const { return conditions_; }

 private:
  kvh_op& add(uint32_t type, uint32_t flags, std::string_view key, std::string_view value) {
    return ops_.emplace_back(
        kvh_op{type, flags, detail::to_bytes(key), detail::to_bytes(value), 0, 0, 0});
  }
  void require(uint32_t type, std::string_view key, uint64_t version, std::string_view value) {
    conditions_.push_back({type, 0, detail::to_bytes(key), version, detail::to_bytes(value)});
  }
  std::vector<kvh_op> ops_;
  std::vector<kvh_condition> conditions_;
};

// What a write came to; owned.
struct WriteReply {
  uint64_t version = 0;
  uint64_t now_ms = 0;
  std::vector<kvh_op_result> items;
  std::vector<kvh_failed_condition> failed;
};

struct RangeRequest {
  std::string_view start;
  std::optional<std::string_view> end;  // exclusive; none = to the end of the space
  bool reverse = false;
  bool keys_only = false;
};

namespace detail {

inline EntryView to_entry(const kvh_entry& entry) {
  return {entry.lookup == KVH_LOOKUP_FOUND,
          to_view(entry.key),
          to_view(entry.value),
          entry.version,
          entry.expires_at_ms,
          entry.ttl_ms};
}

inline WriteReply to_reply(const kvh_result& result) {
  WriteReply reply;
  reply.version = result.version;
  reply.now_ms = result.now_ms;
  for (uint64_t i = 0; i < result.item_count; ++i) {
    reply.items.push_back(strided(result.items, result.item_stride, i));
  }
  for (uint64_t i = 0; i < result.failed_count; ++i) {
    reply.failed.push_back(strided(result.failed, result.failed_stride, i));
  }
  return reply;
}

// The state of one pending call: deletes itself after its completion.
template <typename OnOutput, typename OnDone>
struct PendingCall {
  OnOutput on_output;
  OnDone on_done;

  static void done(void* ctx, int32_t code, const kvh_error* error) noexcept {
    std::unique_ptr<PendingCall> self(static_cast<PendingCall*>(ctx));
    swallowed([&] { self->on_done(read_status(code, error)); });
  }
  kvh_done to_done() { return {&PendingCall::done, this}; }
};

// Runs `call(state, error)` and completes it here unless it is pending.
template <typename State, typename Start>
void start_call(std::unique_ptr<State> state, Start&& call) {
  kvh_error error = make_error();
  State* const raw = state.release();
  const int32_t code = call(*raw, &error);
  if (code != KVH_PENDING) State::done(raw, code, &error);
}

}  // namespace detail

class Store {
 public:
  // NOT_SUPPORTED when the host offers no store to this component.
  static Result<Store> from(const Context& context) {
    const auto* table = context.service<kvh_store>(KVH_SERVICE_STORE);
    if (table == nullptr) {
      return Status(StatusCode::NOT_SUPPORTED, "the host offers no store to this component");
    }
    return Store(table);
  }
  explicit Store(const kvh_store* table) : table_(table) {}

  Result<uint64_t> open_session(std::string_view transport, std::string_view peer) const {
    const kvh_session_info info{sizeof(info), 0, detail::to_bytes(transport),
                                detail::to_bytes(peer)};
    uint64_t session = 0;
    return opened(session, [&](kvh_error* error) {
      return table_->session_open(table_->self, &info, &session, error);
    });
  }
  void close_session(uint64_t session) const { table_->session_close(table_->self, session); }
  Status authenticate(uint64_t session, std::string_view user, std::string_view secret) const {
    kvh_error error = detail::make_error();
    return detail::read_status(table_->authenticate(table_->self, session, detail::to_bytes(user),
                                                    detail::to_bytes(secret), &error),
                               &error);
  }

  // on_entries(EntryView) for each key in order, then on_done(Status).
  template <typename OnEntry, typename OnDone>
  void read(const Call& call, std::span<const std::string_view> keys, OnEntry on_entry,
            OnDone on_done) const {
    std::vector<kvh_bytes> raw;
    raw.reserve(keys.size());
    for (const auto key : keys) raw.push_back(detail::to_bytes(key));
    start_entries(std::move(on_entry), std::move(on_done),
                  [&](kvh_entry_sink sink, kvh_done done, kvh_error* error) {
                    const kvh_call abi_call = call.to_abi();
                    return table_->read(table_->self, &abi_call, raw.data(), raw.size(), sink, done,
                                        error);
                  });
  }

  // on_done(Status, WriteReply); the reply is filled on OK and on CONDITION_FAILED.
  template <typename OnDone>
  void write(const Call& call, const WriteRequest& request, OnDone on_done) const {
    struct State {
      OnDone on_done;
      WriteReply reply;
      static void done(void* ctx, int32_t code, const kvh_error* error) noexcept {
        std::unique_ptr<State> self(static_cast<State*>(ctx));
        detail::swallowed(
            [&] { self->on_done(detail::read_status(code, error), std::move(self->reply)); });
      }
    };
    const kvh_call abi_call = call.to_abi();
    detail::start_call(
        std::unique_ptr<State>(new State{std::move(on_done), {}}),
        [&](State& state, kvh_error* error) {
          const kvh_result_sink sink{[](void* ctx, const kvh_result* result) noexcept {
                                       detail::swallowed([&] {
                                         static_cast<State*>(ctx)->reply =
                                             detail::to_reply(*result);
                                       });
                                     },
                                     &state};
          return table_->write(table_->self, &abi_call, request.ops().data(), request.ops().size(),
                               sizeof(kvh_op), request.conditions().data(),
                               request.conditions().size(), sizeof(kvh_condition), sink,
                               kvh_done{&State::done, &state}, error);
        });
  }

  Result<uint64_t> open_snapshot(const Call& call) const {
    const kvh_call abi_call = call.to_abi();
    uint64_t snapshot = 0;
    return opened(snapshot, [&](kvh_error* error) {
      return table_->snapshot_open(table_->self, &abi_call, &snapshot, error);
    });
  }
  void close_snapshot(uint64_t session, uint64_t snapshot) const {
    table_->snapshot_close(table_->self, session, snapshot);
  }

  Result<uint64_t> open_cursor(const Call& call, const RangeRequest& range) const {
    const kvh_call abi_call = call.to_abi();
    kvh_range raw{sizeof(kvh_range), 0, detail::to_bytes(range.start), {nullptr, 0}};
    if (range.end) {
      raw.end = detail::to_bytes(*range.end);
    } else {
      raw.flags |= KVH_RANGE_TO_END;
    }
    if (range.reverse) raw.flags |= KVH_RANGE_REVERSE;
    if (range.keys_only) raw.flags |= KVH_RANGE_KEYS_ONLY;
    uint64_t cursor = 0;
    return opened(cursor, [&](kvh_error* error) {
      return table_->cursor_open(table_->self, &abi_call, &raw, &cursor, error);
    });
  }
  // on_entry(EntryView) per row, then on_done(Status). No row: the end.
  template <typename OnEntry, typename OnDone>
  void next_rows(const Call& call, uint64_t cursor, uint64_t max_rows, uint64_t max_bytes,
                 OnEntry on_entry, OnDone on_done) const {
    start_entries(std::move(on_entry), std::move(on_done),
                  [&](kvh_entry_sink sink, kvh_done done, kvh_error* error) {
                    const kvh_call abi_call = call.to_abi();
                    return table_->cursor_next(table_->self, &abi_call, cursor, max_rows, max_bytes,
                                               sink, done, error);
                  });
  }
  void close_cursor(uint64_t session, uint64_t cursor) const {
    table_->cursor_close(table_->self, session, cursor);
  }

  // on_done(Status, std::string json).
  template <typename OnDone>
  void command(const Call& call, std::string_view name, std::string_view arguments,
               OnDone on_done) const {
    struct State {
      OnDone on_done;
      std::string answer;
      static void done(void* ctx, int32_t code, const kvh_error* error) noexcept {
        std::unique_ptr<State> self(static_cast<State*>(ctx));
        detail::swallowed(
            [&] { self->on_done(detail::read_status(code, error), std::move(self->answer)); });
      }
    };
    const kvh_call abi_call = call.to_abi();
    detail::start_call(std::unique_ptr<State>(new State{std::move(on_done), {}}),
                       [&](State& state, kvh_error* error) {
                         return table_->command(table_->self, &abi_call, detail::to_bytes(name),
                                                detail::to_bytes(arguments),
                                                detail::string_sink(state.answer),
                                                kvh_done{&State::done, &state}, error);
                       });
  }
  // A JSON text: "health", "ready", "status", "stats", "lsm", "plugins", "config".
  Result<std::string> info(std::string_view section) const {
    std::string json;
    kvh_error error = detail::make_error();
    const int32_t code =
        table_->info(table_->self, detail::to_bytes(section), detail::string_sink(json), &error);
    if (code != KVH_OK) return detail::read_status(code, &error);
    return json;
  }
  // Hastens the completion of the pending call with this token.
  void cancel(uint64_t session, uint64_t token) const {
    table_->cancel(table_->self, session, token);
  }

 private:
  template <typename OnEntry, typename OnDone, typename Start>
  static void start_entries(OnEntry on_entry, OnDone on_done, Start&& start) {
    using State = detail::PendingCall<OnEntry, OnDone>;
    detail::start_call(std::unique_ptr<State>(new State{std::move(on_entry), std::move(on_done)}),
                       [&](State& state, kvh_error* error) {
                         const kvh_entry_sink sink{
                             [](void* ctx, const kvh_entry* entries, uint64_t count,
                                uint64_t stride) noexcept -> int32_t {
                               try {
                                 for (uint64_t i = 0; i < count; ++i) {
                                   static_cast<State*>(ctx)->on_output(
                                       detail::to_entry(detail::strided(entries, stride, i)));
                                 }
                                 return 0;
                               } catch (...) {
                                 return KVH_OUT_OF_MEMORY;
                               }
                             },
                             &state};
                         return start(sink, state.to_done(), error);
                       });
  }
  template <typename Open>
  static Result<uint64_t> opened(uint64_t& handle, Open&& open) {
    kvh_error error = detail::make_error();
    const int32_t code = open(&error);
    if (code != KVH_OK) return detail::read_status(code, &error);
    return handle;
  }

  const kvh_store* table_;
};

}  // namespace kvhost
