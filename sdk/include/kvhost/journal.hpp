// The host's durable log, for replication strategies: entries by index, appended in order, cut at
// either end; beside it small values (epoch, vote) that are replaced atomically.
//
// Threads:   any; appends and cuts by one caller at a time. read, truncate_after and put_meta may
//            block; append never does. Callbacks run on the journal's thread, in the order of the
//            appends: they may append, and must not call what may block.
// Lifetime:  open it in start() or attach(), not in create(). The destructor completes what was
//            appended and closes.
// Errors:    IO_ERROR stays until the node is started anew. NO_SPACE passes: what was refused is
// not
//            in the journal (bounds() tells its end), and the next append tries again.
//            INVALID_ARGUMENT: an entry that does not follow. COMPACTED: a read below the first.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kvhost/abi/journal.h"
#include "kvhost/context.hpp"
#include "kvhost/result.hpp"

namespace kvhost {

// One entry; the payload is borrowed.
struct JournalEntryView {
  uint64_t index = 0;
  uint64_t term = 0;
  std::string_view payload;
};

class Journal {
 public:
  struct Bounds {
    uint64_t first = 1;
    uint64_t last = 0;     // below first: empty
    uint64_t durable = 0;  // the highest index that a power cut leaves
    uint64_t disk_bytes = 0;
  };

  // NOT_SUPPORTED where the host offers no journal.
  static Result<std::unique_ptr<Journal>> open(const Context& context, std::string_view name) {
    return open(context.service<kvh_journal>(KVH_SERVICE_JOURNAL), name);
  }
  static Result<std::unique_ptr<Journal>> open(const kvh_journal* table, std::string_view name) {
    if (table == nullptr) {
      return Status(StatusCode::NOT_SUPPORTED, "this host offers no journal to this component");
    }
    std::unique_ptr<Journal> journal(new Journal(table));
    kvh_error error = detail::make_error();
    const int32_t code = table->open(table->self, detail::to_bytes(name), &journal->handle_,
                                     &journal->opened_.first, &journal->opened_.last, &error);
    journal->is_open_ = code == KVH_OK;
    journal->opened_.durable = journal->opened_.last;
    if (code != KVH_OK) return detail::read_status(code, &error);
    return journal;
  }
  ~Journal() {
    if (is_open_) table_->close(table_->self, handle_);
  }
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  // As it was when it was opened.
  const Bounds& opened() const { return opened_; }
  // As it is now.
  Bounds bounds() const {
    Bounds now = opened_;
    if (KVH_HAS(table_, kvh_journal, bounds)) {
      table_->bounds(table_->self, handle_, &now.first, &now.last, &now.durable, &now.disk_bytes);
    }
    return now;
  }

  // Calls `done(const Status&)` exactly once: inside the call when the append is refused, else on
  // the journal's thread once the entries are durable or lost.
  template <typename Done>
  void append(std::span<const JournalEntryView> entries, Done done) const {
    std::vector<kvh_journal_entry> raw;
    raw.reserve(entries.size());
    for (const auto& entry : entries) {
      raw.push_back({entry.index, entry.term, detail::to_bytes(entry.payload)});
    }
    auto owned = std::make_unique<Done>(std::move(done));
    const kvh_done then{[](void* ctx, int32_t code, const kvh_error* words) noexcept {
                          const std::unique_ptr<Done> mine(static_cast<Done*>(ctx));
                          detail::swallowed([&] { (*mine)(detail::read_status(code, words)); });
                        },
                        owned.get()};
    kvh_error error = detail::make_error();
    const int32_t code = table_->append(table_->self, handle_, raw.data(), raw.size(),
                                        sizeof(kvh_journal_entry), then, &error);
    if (code == KVH_PENDING) {
      (void)owned.release();
      return;
    }
    (*owned)(detail::read_status(code, &error));
  }

  // Calls `on_entry(const JournalEntryView&)` for entries from `from` on, until `max_bytes` of
  // payload; at least one, unless `from` is beyond the last.
  template <typename OnEntry>
  Status read(uint64_t from, uint64_t max_bytes, OnEntry on_entry) const {
    const kvh_journal_sink sink{[](void* ctx, const kvh_journal_entry* entries, uint64_t count,
                                   uint64_t stride) noexcept -> int32_t {
                                  return detail::guarded(nullptr, "read", [&]() -> int32_t {
                                    for (uint64_t i = 0; i < count; ++i) {
                                      const auto& raw = detail::strided(entries, stride, i);
                                      (*static_cast<OnEntry*>(ctx))(JournalEntryView{
                                          raw.index, raw.term, detail::to_view(raw.payload)});
                                    }
                                    return KVH_OK;
                                  });
                                },
                                &on_entry};
    kvh_error error = detail::make_error();
    return detail::read_status(table_->read(table_->self, handle_, from, max_bytes, sink, &error),
                               &error);
  }

  Status truncate_before(uint64_t index) const {
    kvh_error error = detail::make_error();
    return detail::read_status(table_->truncate_before(table_->self, handle_, index, &error),
                               &error);
  }
  Status truncate_after(uint64_t index) const {
    kvh_error error = detail::make_error();
    return detail::read_status(table_->truncate_after(table_->self, handle_, index, &error),
                               &error);
  }
  Status put_meta(std::string_view name, std::string_view value) const {
    kvh_error error = detail::make_error();
    return detail::read_status(table_->put_meta(table_->self, handle_, detail::to_bytes(name),
                                                detail::to_bytes(value), &error),
                               &error);
  }
  // Nullopt when there is none; an empty value is a value.
  Result<std::optional<std::string>> get_meta(std::string_view name) const {
    struct Got {
      std::optional<std::string> value;
    } got;
    const kvh_bytes_sink sink{[](void* ctx, kvh_bytes piece) noexcept -> int32_t {
                                return detail::guarded(nullptr, "get_meta", [&]() -> int32_t {
                                  auto& value = static_cast<Got*>(ctx)->value;
                                  if (!value) value.emplace();
                                  value->append(detail::to_view(piece));
                                  return KVH_OK;
                                });
                              },
                              &got};
    kvh_error error = detail::make_error();
    const int32_t code =
        table_->get_meta(table_->self, handle_, detail::to_bytes(name), sink, &error);
    if (code != KVH_OK) return detail::read_status(code, &error);
    return std::move(got.value);
  }

 private:
  explicit Journal(const kvh_journal* table) : table_(table) {}

  const kvh_journal* table_;
  uint64_t handle_ = 0;
  Bounds opened_;
  bool is_open_ = false;
};

}  // namespace kvhost
