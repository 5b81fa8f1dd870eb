// A journal in a file system that can lose power, and words to tell stories about it.
#pragma once

#include <catch2/catch.hpp>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "kvhost/engine/journal.hpp"
#include "support/crash_file_system.hpp"

namespace kvhost::engine::testing {

inline std::string payload_of(uint64_t index, uint64_t term, std::size_t size = 40) {
  std::string text = "entry " + std::to_string(index) + " of term " + std::to_string(term) + " ";
  while (text.size() < size) text += static_cast<char>('a' + (index + text.size()) % 26);
  return text;
}

inline JournalOptions small_options() {
  JournalOptions options;
  options.segment_size = 16384;
  options.tail_bytes = 2048;
  return options;
}

// Appends one entry and waits for its end.
inline Status append_and_wait(Journal& journal, uint64_t index, uint64_t term,
                              std::size_t size = 40) {
  auto done = std::make_shared<std::promise<Status>>();
  auto future = done->get_future();
  const std::string payload = payload_of(index, term, size);
  const JournalEntry entry{index, term, payload};
  const Status queued = journal.append(std::span(&entry, 1),
                                       [done](const Status& status) { done->set_value(status); });
  return queued.is_ok() ? future.get() : queued;
}

inline Result<std::vector<std::pair<uint64_t, uint64_t>>> contents(Journal& journal,
                                                                   uint64_t max_bytes = 1000) {
  std::vector<std::pair<uint64_t, uint64_t>> found;
  for (uint64_t at = journal.first(); at <= journal.last();) {
    const auto slice = journal.read(at, max_bytes);
    if (!slice) return slice.error();
    if (slice->entries.empty()) return Status(StatusCode::INTERNAL, "an empty slice");
    for (const auto& entry : slice->entries) {
      if (entry.index != at++) return Status(StatusCode::INTERNAL, "entries out of order");
      if (entry.payload != payload_of(entry.index, entry.term, entry.payload.size())) {
        return Status(StatusCode::INTERNAL, "another payload than was appended");
      }
      found.emplace_back(entry.index, entry.term);
    }
  }
  return found;
}

// The data directory is there, as the engine leaves it.
inline void make_data_directory(FileSystem& files) {
  REQUIRE(files.create_directories("/data").is_ok());
  REQUIRE(files.sync_directory("/").is_ok());
}

class JournalWorld {
 public:
  JournalWorld() { make_data_directory(files); }
  Status try_open(FileSystem& through) {
    journal.reset();
    auto opened = Journal::open(through, "/data/journals/log", options, null_logger());
    if (!opened) return opened.error();
    journal = std::move(*opened);
    return Status::ok();
  }
  void open() {
    const Status opened = try_open(files);
    if (!opened.is_ok()) FAIL(opened.to_string());
  }
  void append(uint64_t from, uint64_t to, uint64_t term, std::size_t size = 40) {
    for (uint64_t index = from; index <= to; ++index) {
      const Status done = append_and_wait(*journal, index, term, size);
      if (!done.is_ok()) FAIL(done.to_string());
    }
  }
  void crash(const PowerCut& cut = {}) {
    journal.reset();
    files.crash(cut);
  }
  // "3/1 4/1 5/2": index and term of what is held.
  std::string held() {
    const auto found = contents(*journal);
    if (!found) return found.error().to_string();
    std::string text;
    for (const auto& [index, term] : *found) {
      text += (text.empty() ? "" : " ") + std::to_string(index) + "/" + std::to_string(term);
    }
    return text;
  }

  CrashFileSystem files;
  JournalOptions options = small_options();
  std::unique_ptr<Journal> journal;
};

}  // namespace kvhost::engine::testing
