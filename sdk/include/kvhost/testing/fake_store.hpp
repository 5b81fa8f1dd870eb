// A kvhost.store/1 in memory, for the tests of transports: every slot works, and the test decides
// when and how calls complete.
//
//   FakeStore store;                               // answers inside the call
//   FakeStore store(Completion::kManual);          // PENDING until complete_one() / complete_all()
//   FakeStore store(Completion::kThread);          // PENDING, completed by a thread of its own
//   kvhost::Store served(store.table());
//
// Threads:   any. Completions run without a lock held.
// Lifetime:  outlives every call; the destructor completes what is pending with CANCELLED.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "kvhost/store.hpp"
#include "kvhost/testing/model_data.hpp"

namespace kvhost::testing {

enum class Completion { kAtOnce, kManual, kThread };

// What the newest asynchronous call carried.
struct SeenCall {
  uint64_t session = 0;
  uint32_t space = 0;
  uint32_t read_level = 0;
  uint64_t deadline_ns = 0;
  uint64_t token = 0;
  std::string request_id;
  std::string trace;
};

class FakeStore {
 public:
  explicit FakeStore(Completion completion = Completion::kAtOnce) : completion_(completion) {
    fill_table();
    if (completion_ == Completion::kThread) worker_ = std::thread([this] { work(); });
  }
  ~FakeStore() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
      for (auto& task : tasks_) task.cancelled = true;
    }
    changed_.notify_all();
    if (worker_.joinable()) worker_.join();
    complete_all();
  }
  FakeStore(const FakeStore&) = delete;
  FakeStore& operator=(const FakeStore&) = delete;

  const kvh_store* table() const { return &table_; }
  void set_completion(Completion completion) {
    completion_ = completion;
  }  // not to or from kThread

  // ---- the data, past the boundary
  uint64_t put(std::string_view key, std::string_view value, uint64_t ttl_ms = 0,
               uint32_t space = 0) {
    const std::lock_guard lock(mutex_);
    WriteReply reply;
    FakeOp op{KVH_OP_PUT, 0, std::string(key), std::string(value), ttl_ms};
    return data_.apply(space, {op}, {}, reply).is_ok() ? reply.version : 0;
  }
  std::optional<std::string> get(std::string_view key, uint32_t space = 0) const {
    const std::lock_guard lock(mutex_);
    const auto* found = data_.find(space, std::string(key));
    return found == nullptr ? std::nullopt : std::optional(found->value);
  }
  uint64_t version() const {
    const std::lock_guard lock(mutex_);
    return data_.version;
  }
  void advance(uint64_t ms) {
    const std::lock_guard lock(mutex_);
    data_.now_ms += ms;
  }

  // ---- failures
  // The next read, write, cursor_next or command fails so and changes nothing.
  void fail_next(Status status) {
    const std::lock_guard lock(mutex_);
    failures_.push_back(std::move(status));
  }
  // Until called with OK.
  void refuse_sessions(Status status) {
    const std::lock_guard lock(mutex_);
    session_refusal_ = std::move(status);
  }

  // ---- pending calls
  std::size_t pending() const {
    const std::lock_guard lock(mutex_);
    return tasks_.size();
  }
  // Completes the pending call at `index` (0 = the oldest); false when there is none.
  bool complete_one(std::size_t index = 0) {
    Task task;
    {
      const std::lock_guard lock(mutex_);
      if (index >= tasks_.size()) return false;
      task = std::move(tasks_[index]);
      tasks_.erase(tasks_.begin() + static_cast<std::ptrdiff_t>(index));
    }
    task.run(task.cancelled);
    return true;
  }
  void complete_all() {
    while (complete_one()) continue;
  }

  // ---- what was seen
  SeenCall last_call() const {
    const std::lock_guard lock(mutex_);
    return last_call_;
  }
  std::size_t calls() const { return count(calls_); }
  std::size_t cancels() const { return count(cancels_); }
  std::size_t open_sessions() const {
    const std::lock_guard lock(mutex_);
    return sessions_.size();
  }
  std::size_t open_cursors() const {
    const std::lock_guard lock(mutex_);
    return cursors_.size();
  }
  std::size_t open_snapshots() const {
    const std::lock_guard lock(mutex_);
    return snapshots_.size();
  }

  // ---- info and commands; set before use
  std::map<std::string, std::string, std::less<>> sections = {
      {"health", R"({"healthy":true})"},
      {"ready", R"({"ready":true,"reasons":[]})"},
      {"status", R"({"node_id":"fake"})"},
      {"stats", "{}"},
      {"lsm", "{}"},
      {"plugins", "[]"}};
  std::function<Result<std::string>(std::string_view name, std::string_view arguments)> on_command =
      [](std::string_view name, std::string_view) -> Result<std::string> {
    if (name == "flush") return std::string(R"({"done":true})");
    return Status(StatusCode::UNKNOWN_ROUTE, "no command \"" + std::string(name) + "\"");
  };

 private:
  struct Task {
    uint64_t session = 0;
    uint64_t token = 0;
    std::function<void(bool cancelled)> run;
    bool cancelled = false;
  };
  struct Cursor {
    uint64_t session = 0;
    std::vector<FakeRow> rows;
    std::size_t next = 0;
    bool keys_only = false;
  };

  static FakeStore& of(void* self) { return *static_cast<FakeStore*>(self); }
  static std::string owned(kvh_bytes bytes) { return std::string(detail::to_view(bytes)); }
  std::size_t count(const std::size_t& number) const {
    const std::lock_guard lock(mutex_);
    return number;
  }

  // Runs `body`, which fills the sink and returns a Status, now or later, as the mode says.
  template <typename Body>
  int32_t run(const kvh_call* call, kvh_done done, kvh_error* error, Body body) {
    const uint64_t session = call->session;
    const uint64_t token = call->token;
    Status failure = note(*call);
    if (completion_ == Completion::kAtOnce) {
      return detail::write_status(error, failure.is_ok() ? body() : failure);
    }
    auto later = [body = std::move(body), failure = std::move(failure), done](bool cancelled) {
      Status status = failure;
      if (status.is_ok() && cancelled) status = Status(StatusCode::CANCELLED, "withdrawn");
      if (status.is_ok()) status = body();
      kvh_error words = detail::make_error();
      const int32_t code = detail::write_status(&words, status);
      done.fn(done.ctx, code, code == KVH_OK ? nullptr : &words);
    };
    {
      const std::lock_guard lock(mutex_);
      tasks_.push_back({session, token, std::move(later), false});
    }
    changed_.notify_all();
    return KVH_PENDING;
  }

  Status note(const kvh_call& call) {
    const std::lock_guard lock(mutex_);
    ++calls_;
    last_call_ = {call.session,     call.space, call.read_level,
                  call.deadline_ns, call.token, owned(call.request_id),
                  owned(call.trace)};
    if (sessions_.count(call.session) == 0) {
      return {StatusCode::INVALID_ARGUMENT,
              "session " + std::to_string(call.session) + " is not open"};
    }
    if (failures_.empty()) return {};
    Status failure = failures_.front();
    failures_.pop_front();
    return failure;
  }

  void work() {
    for (;;) {
      {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return stopping_ || !tasks_.empty(); });
        if (tasks_.empty()) return;
      }
      complete_one();
    }
  }

  static kvh_entry entry_of(const FakeData& data, std::string_view key, const FakeRecord* record,
                            bool keys_only) {
    kvh_entry entry{};
    entry.size = sizeof(entry);
    entry.key = detail::to_bytes(key);
    if (record == nullptr) return entry;
    entry.lookup = KVH_LOOKUP_FOUND;
    if (!keys_only) entry.value = detail::to_bytes(record->value);
    entry.version = record->version;
    entry.expires_at_ms = record->expires_at_ms;
    entry.ttl_ms = data.ttl_ms(*record);
    return entry;
  }

  Status read_now(uint32_t space, uint64_t snapshot, const std::vector<std::string>& keys,
                  kvh_entry_sink sink) {
    std::vector<FakeRecord> records(keys.size());
    std::vector<kvh_entry> entries;
    {
      const std::lock_guard lock(mutex_);
      const auto pinned = snapshots_.find(snapshot);
      const FakeData& data = pinned == snapshots_.end() ? data_ : pinned->second.second;
      for (std::size_t i = 0; i < keys.size(); ++i) {
        const auto* found = data.find(space, keys[i]);
        if (found != nullptr) records[i] = *found;
        entries.push_back(entry_of(data, keys[i], found ? &records[i] : nullptr, false));
      }
    }
    sink.fn(sink.ctx, entries.data(), entries.size(), sizeof(kvh_entry));
    return {};
  }

  Status write_now(uint32_t space, const std::string& request_id, const std::vector<FakeOp>& ops,
                   const std::vector<FakeCondition>& conditions, kvh_result_sink sink) {
    WriteReply reply;
    Status status;
    {
      const std::lock_guard lock(mutex_);
      const auto known = request_id.empty() ? applied_.end() : applied_.find(request_id);
      if (known != applied_.end()) {
        reply = known->second;
      } else {
        status = data_.apply(space, ops, conditions, reply);
        if (status.is_ok() && !request_id.empty()) applied_[request_id] = reply;
      }
    }
    if (!status.is_ok() && status.code() != StatusCode::CONDITION_FAILED) return status;
    kvh_result result{};
    result.size = sizeof(result);
    result.version = reply.version;
    result.now_ms = reply.now_ms;
    result.items = reply.items.data();
    result.item_count = reply.items.size();
    result.item_stride = sizeof(kvh_op_result);
    result.failed = reply.failed.data();
    result.failed_count = reply.failed.size();
    result.failed_stride = sizeof(kvh_failed_condition);
    sink.fn(sink.ctx, &result);
    return status;
  }

  Status next_now(uint64_t id, uint64_t max_rows, uint64_t max_bytes, kvh_entry_sink sink) {
    std::vector<FakeRow> rows;
    std::vector<kvh_entry> entries;
    {
      const std::lock_guard lock(mutex_);
      const auto at = cursors_.find(id);
      if (at == cursors_.end()) return {StatusCode::INVALID_ARGUMENT, "no such cursor"};
      Cursor& cursor = at->second;
      uint64_t bytes = 0;
      while (cursor.next < cursor.rows.size() && rows.size() < max_rows &&
             (rows.empty() || bytes < max_bytes)) {
        rows.push_back(cursor.rows[cursor.next++]);
        bytes += rows.back().key.size() + rows.back().record.value.size();
      }
      for (const auto& row : rows) {
        entries.push_back(entry_of(data_, row.key, &row.record, cursor.keys_only));
      }
    }
    if (!entries.empty()) {
      sink.fn(sink.ctx, entries.data(), entries.size(), sizeof(kvh_entry));
    }
    return {};
  }

  void fill_table();

  Completion completion_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;
  FakeData data_;
  std::deque<Task> tasks_;
  std::deque<Status> failures_;
  Status session_refusal_;
  SeenCall last_call_;
  std::size_t calls_ = 0;
  std::size_t cancels_ = 0;
  uint64_t next_id_ = 1;
  std::set<uint64_t> sessions_;
  std::map<uint64_t, Cursor> cursors_;
  std::map<uint64_t, std::pair<uint64_t, FakeData>> snapshots_;
  std::map<std::string, WriteReply> applied_;
  kvh_store table_{};
  std::thread worker_;
};

inline void FakeStore::fill_table() {
  table_.size = sizeof(kvh_store);
  table_.self = this;
  table_.session_open = [](void* self, const kvh_session_info*, uint64_t* session,
                           kvh_error* error) noexcept -> int32_t {
    auto& store = of(self);
    const std::lock_guard lock(store.mutex_);
    if (!store.session_refusal_.is_ok()) {
      return detail::write_status(error, store.session_refusal_);
    }
    *session = store.next_id_++;
    store.sessions_.insert(*session);
    return KVH_OK;
  };
  table_.session_close = [](void* self, uint64_t session) noexcept {
    auto& store = of(self);
    const std::lock_guard lock(store.mutex_);
    store.sessions_.erase(session);
    std::erase_if(store.cursors_, [&](auto& cursor) { return cursor.second.session == session; });
    std::erase_if(store.snapshots_, [&](auto& pinned) { return pinned.second.first == session; });
  };
  table_.authenticate = [](void*, uint64_t, kvh_bytes, kvh_bytes,
                           kvh_error* error) noexcept -> int32_t {
    return detail::write_error(error, KVH_NOT_SUPPORTED, "this store knows no users");
  };
  table_.read = [](void* self, const kvh_call* call, const kvh_bytes* keys, uint64_t count,
                   kvh_entry_sink sink, kvh_done done, kvh_error* error) noexcept -> int32_t {
    auto& store = of(self);
    std::vector<std::string> owned_keys;
    for (uint64_t i = 0; i < count; ++i) owned_keys.push_back(owned(keys[i]));
    return store.run(
        call, done, error,
        [&store, space = call->space, snapshot = call->snapshot, all = std::move(owned_keys),
         sink] { return store.read_now(space, snapshot, all, sink); });
  };
  table_.write = [](void* self, const kvh_call* call, const kvh_op* ops, uint64_t op_count,
                    uint64_t op_stride, const kvh_condition* conditions, uint64_t condition_count,
                    uint64_t condition_stride, kvh_result_sink sink, kvh_done done,
                    kvh_error* error) noexcept -> int32_t {
    auto& store = of(self);
    std::vector<FakeOp> all;
    for (uint64_t i = 0; i < op_count; ++i) {
      const kvh_op& op = detail::strided(ops, op_stride, i);
      all.push_back(
          {op.type, op.flags, owned(op.key), owned(op.value), op.ttl_ms, op.expires_at_ms, op.by});
    }
    std::vector<FakeCondition> required;
    for (uint64_t i = 0; i < condition_count; ++i) {
      const kvh_condition& row = detail::strided(conditions, condition_stride, i);
      required.push_back({row.type, owned(row.key), row.version, owned(row.value)});
    }
    return store.run(call, done, error,
                     [&store, space = call->space, id = owned(call->request_id),
                      all = std::move(all), required = std::move(required),
                      sink] { return store.write_now(space, id, all, required, sink); });
  };
  table_.snapshot_open = [](void* self, const kvh_call* call, uint64_t* snapshot,
                            kvh_error*) noexcept -> int32_t {
    auto& store = of(self);
    const std::lock_guard lock(store.mutex_);
    *snapshot = store.next_id_++;
    store.snapshots_.emplace(*snapshot, std::pair(call->session, store.data_));
    return KVH_OK;
  };
  table_.snapshot_close = [](void* self, uint64_t, uint64_t snapshot) noexcept {
    auto& store = of(self);
    const std::lock_guard lock(store.mutex_);
    store.snapshots_.erase(snapshot);
  };
  table_.cursor_open = [](void* self, const kvh_call* call, const kvh_range* range,
                          uint64_t* cursor, kvh_error*) noexcept -> int32_t {
    auto& store = of(self);
    const std::lock_guard lock(store.mutex_);
    const auto pinned = store.snapshots_.find(call->snapshot);
    const FakeData& data = pinned == store.snapshots_.end() ? store.data_ : pinned->second.second;
    const std::string end = owned(range->end);
    *cursor = store.next_id_++;
    store.cursors_[*cursor] = {call->session,
                               data.range(call->space, detail::to_view(range->start),
                                          (range->flags & KVH_RANGE_TO_END) != 0 ? nullptr : &end,
                                          (range->flags & KVH_RANGE_REVERSE) != 0),
                               0, (range->flags & KVH_RANGE_KEYS_ONLY) != 0};
    return KVH_OK;
  };
  table_.cursor_next = [](void* self, const kvh_call* call, uint64_t cursor, uint64_t max_rows,
                          uint64_t max_bytes, kvh_entry_sink sink, kvh_done done,
                          kvh_error* error) noexcept -> int32_t {
    auto& store = of(self);
    return store.run(call, done, error, [&store, cursor, max_rows, max_bytes, sink] {
      return store.next_now(cursor, max_rows, max_bytes, sink);
    });
  };
  table_.cursor_close = [](void* self, uint64_t, uint64_t cursor) noexcept {
    auto& store = of(self);
    const std::lock_guard lock(store.mutex_);
    store.cursors_.erase(cursor);
  };
  table_.command = [](void* self, const kvh_call* call, kvh_bytes name, kvh_bytes arguments,
                      kvh_bytes_sink sink, kvh_done done, kvh_error* error) noexcept -> int32_t {
    auto& store = of(self);
    return store.run(call, done, error,
                     [&store, name = owned(name), arguments = owned(arguments), sink]() -> Status {
                       auto answer = store.on_command(name, arguments);
                       if (answer) detail::send(sink, *answer);
                       return answer.status();
                     });
  };
  table_.info = [](void* self, kvh_bytes section, kvh_bytes_sink sink,
                   kvh_error* error) noexcept -> int32_t {
    auto& store = of(self);
    const std::lock_guard lock(store.mutex_);
    const auto found = store.sections.find(detail::to_view(section));
    if (found == store.sections.end()) {
      return detail::write_error(error, KVH_UNKNOWN_ROUTE, "no such section");
    }
    detail::send(sink, found->second);
    return KVH_OK;
  };
  table_.cancel = [](void* self, uint64_t session, uint64_t token) noexcept {
    auto& store = of(self);
    const std::lock_guard lock(store.mutex_);
    for (auto& task : store.tasks_) {
      if (task.session == session && task.token == token && !task.cancelled) {
        task.cancelled = true;
        ++store.cancels_;
      }
    }
  };
}

}  // namespace kvhost::testing
