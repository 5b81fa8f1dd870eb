// kvhost.journal/1 in memory: what was appended stays, also for the next component that opens a
// journal of the same name. lose_tail() plays a power cut.
//
// Threads:   any. An append is completed on the journal's own thread, as on a real host: never
//            inside the call unless it is refused.
// Lifetime:  outlives the component.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "kvhost/abi/journal.h"
#include "kvhost/detail/boundary.hpp"
#include "kvhost/testing/done_thread.hpp"

namespace kvhost::testing {

class FakeJournal {
 public:
  struct Entry {
    uint64_t index = 0;
    uint64_t term = 0;
    std::string payload;
  };

  FakeJournal();
  FakeJournal(const FakeJournal&) = delete;
  FakeJournal& operator=(const FakeJournal&) = delete;

  const kvh_journal* table() const { return &table_; }
  std::vector<Entry> entries(const std::string& name) const {
    const std::lock_guard lock(mutex_);
    const auto at = books_.find(name);
    return at == books_.end()
               ? std::vector<Entry>()
               : std::vector<Entry>(at->second.entries.begin(), at->second.entries.end());
  }
  std::vector<std::string> names() const {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> list;
    for (const auto& [name, book] : books_) list.push_back(name);
    return list;
  }
  // The newest `count` entries of every journal are gone.
  void lose_tail(std::size_t count) {
    const std::lock_guard lock(mutex_);
    for (auto& [name, book] : books_) {
      for (std::size_t i = 0; i < count && !book.entries.empty(); ++i) book.entries.pop_back();
    }
  }
  // The next append fails so.
  void fail_next(int32_t code) {
    const std::lock_guard lock(mutex_);
    failure_ = code;
  }

 private:
  struct Book {
    std::deque<Entry> entries;
    uint64_t first = 1;  // the index of the first entry, or of the next when there is none
    std::map<std::string, std::string> meta;
    std::unique_ptr<DoneThread> thread;  // while it is open
  };
  static FakeJournal& of(void* self) { return *static_cast<FakeJournal*>(self); }
  Book* book(uint64_t handle) {
    return handle == 0 || handle > handles_.size() ? nullptr : handles_[handle - 1];
  }
  int32_t append(uint64_t handle, const kvh_journal_entry* entries, uint64_t count, uint64_t stride,
                 kvh_done done, kvh_error* error);
  int32_t open(kvh_bytes name, uint64_t* handle, uint64_t* first, uint64_t* last, kvh_error* error);
  void close(uint64_t handle);
  int32_t read(uint64_t handle, uint64_t from, uint64_t max_bytes, kvh_journal_sink sink,
               kvh_error* error);

  mutable std::mutex mutex_;
  std::map<std::string, Book> books_;
  std::vector<Book*> handles_;
  int32_t failure_ = KVH_OK;
  kvh_journal table_{};
};

inline int32_t FakeJournal::append(uint64_t handle, const kvh_journal_entry* entries,
                                   uint64_t count, uint64_t stride, kvh_done done,
                                   kvh_error* error) {
  const std::lock_guard lock(mutex_);
  Book* const target = book(handle);
  if (target == nullptr) return detail::write_error(error, KVH_INVALID_ARGUMENT, "not open");
  if (failure_ != KVH_OK) {
    const int32_t code = std::exchange(failure_, KVH_OK);
    return detail::write_error(error, code, "the journal was told to fail");
  }
  for (uint64_t i = 0; i < count; ++i) {
    const kvh_journal_entry& entry = detail::strided(entries, stride, i);
    const uint64_t next =
        target->entries.empty() ? target->first : target->entries.back().index + 1;
    if (target->entries.empty() && target->first == 1) target->first = entry.index;
    if (entry.index != next && !target->entries.empty()) {
      return detail::write_error(error, KVH_INVALID_ARGUMENT,
                                 "entry " + std::to_string(entry.index) + " follows " +
                                     std::to_string(next - 1) + ", a gap");
    }
    target->entries.push_back(
        {entry.index, entry.term, std::string(detail::to_view(entry.payload))});
  }
  target->thread->complete(done);
  return KVH_PENDING;
}

inline int32_t FakeJournal::open(kvh_bytes name, uint64_t* handle, uint64_t* first, uint64_t* last,
                                 kvh_error* error) {
  const std::lock_guard lock(mutex_);
  Book& book = books_[std::string(detail::to_view(name))];
  if (book.thread != nullptr) {
    return detail::write_error(error, KVH_CONFLICT,
                               "the journal " + std::string(detail::to_view(name)) + " is open");
  }
  book.thread = std::make_unique<DoneThread>();
  handles_.push_back(&book);
  *handle = handles_.size();
  *first = book.entries.empty() ? book.first : book.entries.front().index;
  *last = book.entries.empty() ? book.first - 1 : book.entries.back().index;
  return KVH_OK;
}

inline void FakeJournal::close(uint64_t handle) {
  std::unique_lock lock(mutex_);
  Book* const closed = book(handle);
  if (closed == nullptr) return;
  const std::unique_ptr<DoneThread> ending = std::move(closed->thread);
  handles_[handle - 1] = nullptr;
  lock.unlock();
}

inline int32_t FakeJournal::read(uint64_t handle, uint64_t from, uint64_t max_bytes,
                                 kvh_journal_sink sink, kvh_error* error) {
  std::vector<Entry> found;
  {
    const std::lock_guard lock(mutex_);
    Book* const source = book(handle);
    if (source == nullptr) return detail::write_error(error, KVH_INVALID_ARGUMENT, "not open");
    if (from < source->first) {
      return detail::write_error(error, KVH_COMPACTED,
                                 "the first entry is " + std::to_string(source->first));
    }
    uint64_t bytes = 0;
    for (const Entry& entry : source->entries) {
      if (entry.index < from) continue;
      if (!found.empty() && bytes + entry.payload.size() > max_bytes) break;
      bytes += entry.payload.size();
      found.push_back(entry);
    }
  }
  std::vector<kvh_journal_entry> rows;
  for (const Entry& entry : found) {
    rows.push_back({entry.index, entry.term, detail::to_bytes(entry.payload)});
  }
  if (!rows.empty()) sink.fn(sink.ctx, rows.data(), rows.size(), sizeof(kvh_journal_entry));
  return KVH_OK;
}

inline FakeJournal::FakeJournal() {
  table_.size = sizeof(kvh_journal);
  table_.self = this;
  table_.open = [](void* self, kvh_bytes name, uint64_t* handle, uint64_t* first, uint64_t* last,
                   kvh_error* error) noexcept -> int32_t {
    return of(self).open(name, handle, first, last, error);
  };
  table_.close = [](void* self, uint64_t handle) noexcept { of(self).close(handle); };
  table_.append = [](void* self, uint64_t handle, const kvh_journal_entry* entries, uint64_t count,
                     uint64_t stride, kvh_done done, kvh_error* error) noexcept {
    return of(self).append(handle, entries, count, stride, done, error);
  };
  table_.read = [](void* self, uint64_t handle, uint64_t from, uint64_t max_bytes,
                   kvh_journal_sink sink, kvh_error* error) noexcept {
    return of(self).read(handle, from, max_bytes, sink, error);
  };
  table_.truncate_before = [](void* self, uint64_t handle, uint64_t index,
                              kvh_error*) noexcept -> int32_t {
    const std::lock_guard lock(of(self).mutex_);
    Book* const book = of(self).book(handle);
    if (book == nullptr) return KVH_INVALID_ARGUMENT;
    while (!book->entries.empty() && book->entries.front().index < index) {
      book->first = book->entries.front().index + 1;
      book->entries.pop_front();
    }
    return KVH_OK;
  };
  table_.truncate_after = [](void* self, uint64_t handle, uint64_t index,
                             kvh_error*) noexcept -> int32_t {
    const std::lock_guard lock(of(self).mutex_);
    Book* const book = of(self).book(handle);
    if (book == nullptr) return KVH_INVALID_ARGUMENT;
    while (!book->entries.empty() && book->entries.back().index > index) book->entries.pop_back();
    return KVH_OK;
  };
  table_.put_meta = [](void* self, uint64_t handle, kvh_bytes name, kvh_bytes value,
                       kvh_error*) noexcept -> int32_t {
    const std::lock_guard lock(of(self).mutex_);
    Book* const book = of(self).book(handle);
    if (book == nullptr) return KVH_INVALID_ARGUMENT;
    book->meta[std::string(detail::to_view(name))] = detail::to_view(value);
    return KVH_OK;
  };
  table_.get_meta = [](void* self, uint64_t handle, kvh_bytes name, kvh_bytes_sink sink,
                       kvh_error*) noexcept -> int32_t {
    std::string value;
    {
      const std::lock_guard lock(of(self).mutex_);
      Book* const book = of(self).book(handle);
      if (book == nullptr) return KVH_INVALID_ARGUMENT;
      const auto at = book->meta.find(std::string(detail::to_view(name)));
      if (at == book->meta.end()) return KVH_OK;
      value = at->second;
    }
    detail::send(sink, value);
    return KVH_OK;
  };
}

}  // namespace kvhost::testing
