// A place in a range that a client walks page by page, over one state of the engine.
//
// Threads:   one page at a time; try_begin() and end() guard that. The rest by the page's owner.
// Lifetime:  holds an engine iterator (from the first page on, or from the start), which holds back
//            compaction: sessions bound how many there are.
// Errors:    those of the iterator.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "kvhost/abi/store.h"
#include "kvhost/engine/engine.hpp"
#include "kvhost/result.hpp"

namespace kvhost::host {

// Rows with the bytes that they point to.
class CursorPage {
 public:
  void add(std::string_view key, std::string_view value, uint64_t version, uint64_t expires_at_ms,
           uint64_t now_ms);
  // Points the rows at the bytes; after the last add().
  void seal();
  const std::vector<kvh_entry>& rows() const { return rows_; }
  std::string_view first_key() const;
  uint64_t bytes() const { return bytes_.size(); }

 private:
  // Not a string: a short one keeps its bytes inside, and they would move with the page.
  std::vector<char> bytes_;
  std::vector<kvh_entry> rows_;
};

class Cursor {
 public:
  Cursor(engine::Range range, bool reverse, bool keys_only)
      : range_(std::move(range)), reverse_(reverse), keys_only_(keys_only) {}

  // Makes the iterator. The snapshot, if any, is needed only while this runs.
  Status open(engine::Engine& engine, const engine::ReadOptions& options);
  bool is_open() const { return iterator_ != nullptr; }

  // False while another page is being read.
  bool try_begin() { return !busy_.exchange(true, std::memory_order_acquire); }
  void end() { busy_.store(false, std::memory_order_release); }

  // The next rows: at least one unless the range is used up.
  Result<CursorPage> read_page(uint64_t max_rows, uint64_t max_bytes, uint64_t now_ms);
  // Puts the cursor back to before `page`, which nobody got.
  void unread(const CursorPage& page);

 private:
  const engine::Range range_;
  const bool reverse_;
  const bool keys_only_;
  std::atomic<bool> busy_{false};
  std::unique_ptr<engine::Iterator> iterator_;
  bool positioned_ = false;
};

}  // namespace kvhost::host
