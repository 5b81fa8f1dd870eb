// Walks the keys of a space in order, page by page.
//
// Threads:   the I/O thread; the store fills a page on a thread of its own in between.
// Lifetime:  nobody may touch it between a next() that answered false and the task's run.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "session/loop_services.hpp"

namespace kvhost::resp {

class SpaceWalk {
 public:
  struct Row {
    std::string key;
    bool ends = false;
  };
  struct Range {
    uint32_t space = 0;
    std::string start;
    std::optional<std::string> end;
    bool is_reverse = false;
  };

  SpaceWalk(LoopServices& loop, uint64_t store_session)
      : loop_(loop), store_session_(store_session) {}
  ~SpaceWalk() { close(); }
  SpaceWalk(const SpaceWalk&) = delete;
  SpaceWalk& operator=(const SpaceWalk&) = delete;

  Status open(const Range& range);
  // Reads on. True: the page is there. False: `task` is posted when it is.
  bool next(uint64_t max_rows, Task& task);
  void close();
  bool is_open() const { return cursor_ != 0; }

  // An empty page of an OK walk is its end.
  const std::vector<Row>& rows() const { return rows_; }
  const Status& status() const { return status_; }

 private:
  static int32_t on_rows(void* ctx, const kvh_entry* entries, uint64_t count,
                         uint64_t stride) KVH_NOEXCEPT;
  static void on_done(void* ctx, int32_t code, const kvh_error* error) KVH_NOEXCEPT;

  LoopServices& loop_;
  const uint64_t store_session_;
  uint64_t cursor_ = 0;
  uint32_t space_ = 0;
  Task* task_ = nullptr;
  std::vector<Row> rows_;
  Status status_;
};

}  // namespace kvhost::resp
