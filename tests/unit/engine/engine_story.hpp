// One engine on a disk in memory, with words to tell stories by. reopen() is a clean end and a new
// start; crash() pulls the plug.
#pragma once

#include <catch2/catch.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "kvhost/engine/engine.hpp"
#include "support/crash_file_system.hpp"
#include "support/fault_file_system.hpp"
#include "support/manual_clock.hpp"

namespace kvhost::engine::testing {

inline Options small_options() {
  Options options;
  options.memory = uint64_t{8} << 20;
  options.memtable_size = 64 << 10;
  options.wal_segment_size = 64 << 10;
  options.target_file_size = 32 << 10;
  options.wal_sync_interval = std::chrono::milliseconds(1);
  return options;
}

class Story {
 public:
  explicit Story(Options options = small_options()) : options_(std::move(options)) { open(); }

  void open() {
    Result<std::unique_ptr<Engine>> opened = try_open();
    INFO(opened.status().to_string());
    REQUIRE(opened.has_value());
    engine_ = std::move(*opened);
  }
  Result<std::unique_ptr<Engine>> try_open() {
    Environment environment;
    environment.file_system = &faults;
    environment.clock = &clock;
    return Engine::open("db", options_, environment);
  }
  void reopen() {
    REQUIRE(engine_->close().is_ok());
    engine_.reset();
    open();
  }
  void crash(const PowerCut& cut = {}) {
    disk.crash(cut);
    engine_.reset();
    open();
  }
  void kill() {
    disk.kill_process();
    engine_.reset();
    open();
  }
  void shut() { engine_.reset(); }

  Engine& engine() { return *engine_; }
  Options& options() { return options_; }

  // These must succeed.
  WriteResult write(const WriteBatch& batch, const WriteOptions& how = {}) {
    Result<WriteResult> result = engine_->write(how, batch);
    INFO(result.status().to_string());
    REQUIRE(result.has_value());
    return *result;
  }
  uint64_t put(std::string_view key, std::string_view value, Expiry expiry = {}) {
    WriteBatch batch;
    batch.put(0, key, value, expiry);
    return write(batch).version;
  }
  uint64_t erase(std::string_view key) {
    WriteBatch batch;
    batch.erase(0, key);
    return write(batch).version;
  }
  void erase_range(std::string_view start, std::optional<std::string_view> end) {
    WriteBatch batch;
    batch.erase_range(0, start, end);
    write(batch);
  }
  // The value, or "(absent)".
  std::string get(std::string_view key, const Snapshot* snapshot = nullptr, uint32_t space = 0) {
    ReadOptions how;
    how.snapshot = snapshot;
    Result<GetResult> result = engine_->get(how, space, key);
    INFO(result.status().to_string());
    REQUIRE(result.has_value());
    return result->found() ? std::string(result->value.view()) : "(absent)";
  }
  uint64_t version_of(std::string_view key) { return engine_->get({}, 0, key)->version; }

  // `a=1 b=2`, forward or back.
  std::string scan(const Range& range = {}, const Snapshot* snapshot = nullptr, bool back = false) {
    ReadOptions how;
    how.snapshot = snapshot;
    auto made = engine_->iterator(how, range);
    REQUIRE(made.has_value());
    Iterator& it = **made;
    std::string text;
    for (back ? it.seek_to_last() : it.seek_to_first(); it.valid(); back ? it.prev() : it.next()) {
      if (!text.empty()) text += ' ';
      text.append(it.key()).append("=").append(it.value());
    }
    REQUIRE(it.status().is_ok());
    return text;
  }
  std::string scan_back(const Range& range = {}, const Snapshot* snapshot = nullptr) {
    return scan(range, snapshot, true);
  }
  void flush() { REQUIRE(engine_->flush().is_ok()); }
  void compact() {
    const Status compacted = engine_->compact(std::nullopt);
    INFO(compacted.to_string());
    REQUIRE(compacted.is_ok());
  }

  CrashFileSystem disk;
  FaultFileSystem faults{disk};
  ManualClock clock;

 private:
  Options options_;
  std::unique_ptr<Engine> engine_;
};

}  // namespace kvhost::engine::testing
