// A driver over a small database, with words to tell stories by.
//
// Threads:   one.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "compaction/compaction_driver.hpp"
#include "compaction_story.hpp"
#include "test_policies.hpp"

namespace kvhost::engine::test {

using namespace std::chrono_literals;

inline const std::vector<std::string> kKeys = {"a", "b", "c", "d", "e"};

// Keeps what was logged.
class TestLogger final : public Logger {
 public:
  void log(LogLevel, std::string_view text) override {
    const MutexLock lock(mutex_);
    text_ += text;
    text_ += '\n';
  }
  std::string text() {
    const MutexLock lock(mutex_);
    return text_;
  }

 private:
  Mutex mutex_;
  std::string text_ KVHOST_GUARDED_BY(mutex_);
};

struct DriverStory {
  explicit DriverStory(std::shared_ptr<CompactionPolicy> policy = nullptr,
                       CompactionSettings settings = default_settings(),
                       FileSystem* files = nullptr)
      : database(files),
        driver(settings,
               {files == nullptr ? database.memory : *files, *database.versions, database.tables,
                system_clock(), logger, database.host},
               std::move(policy), "under test") {
    driver.start();
  }

  static CompactionSettings default_settings() {
    CompactionSettings settings;
    settings.table.block_bytes = 512;
    settings.target_file_bytes = 20 << 10;
    settings.memtable_bytes = 4 << 10;
    settings.level0_emergency_runs = 6;
    // However busy the machine is: a healthy policy is not taken for one that hangs.
    settings.plan_timeout = 5min;
    return settings;
  }
  static CompactionSettings with_timeout(std::chrono::milliseconds timeout) {
    CompactionSettings settings = default_settings();
    settings.plan_timeout = timeout;
    return settings;
  }

  void flush_some(int flushes) {
    for (int i = 0; i < flushes; ++i) {
      for (const std::string& key : kKeys) database.put(key, "v" + std::to_string(i));
      database.flush();
      driver.notify(TreeEventType::kFlushDone);
    }
  }
  std::size_t level0_runs() { return database.versions->current()->level0_runs(); }

  TestLogger logger;
  TestDatabase database;
  CompactionDriver driver;
};

}  // namespace kvhost::engine::test
