// A small log in a file system that can lose power, and words to tell stories about it.
#pragma once

#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <vector>

#include "log/log_format.hpp"
#include "log/log_recovery.hpp"
#include "log/log_writer.hpp"
#include "support/crash_file_system.hpp"

namespace kvhost::engine::testing {

// What a recovery yielded.
struct Recovered {
  std::vector<std::string> payloads;
  std::vector<LogPosition> positions;
  LogEnd end;
};

inline Result<Recovered> recover(FileSystem& files, const std::string& directory,
                                 const LogStart& start = {}) {
  Recovered found;
  auto end = recover_log(files, directory, start, [&](std::string_view payload, LogPosition at) {
    found.payloads.emplace_back(payload);
    found.positions.push_back(at);
    return Status::ok();
  });
  if (!end) return end.error();
  found.end = *end;
  return found;
}

class LogWorld {
 public:
  LogWorld() {
    REQUIRE(files.create_directories("/wal").is_ok());
    REQUIRE(files.sync_directory("/").is_ok());
    options.segment_size = 16384;
    options.incarnation_seed = 11;
  }

  // Recovers, then opens a writer: one start of a process.
  Recovered start(const LogStart& from = {}) {
    auto found = recover(files, "/wal", from);
    if (!found) FAIL(found.error().to_string());
    ++options.incarnation_seed;
    auto opened = LogWriter::open(files, "/wal", options, found->end);
    if (!opened) FAIL(opened.error().to_string());
    log = std::move(*opened);
    return *found;
  }
  LogPosition append(std::string_view payload) {
    const auto end = log->append(payload);
    if (!end) FAIL(end.error().to_string());
    return *end;
  }
  void append_synced(std::string_view payload) {
    append(payload);
    REQUIRE(log->sync().is_ok());
  }
  void lose_power() {
    log.reset();
    files.crash();
  }
  void kill() {
    log.reset();
    files.kill_process();
  }
  // The error that recovery must give.
  Status refused(const LogStart& from = {}) {
    auto found = recover(files, "/wal", from);
    REQUIRE_FALSE(found);
    return found.error();
  }
  // Overwrites bytes of a file, durably.
  void damage(const std::string& path, uint64_t offset, std::string_view bytes) {
    const auto file = std::move(files.open_positioned(path)).value();
    REQUIRE(file->write_at(offset, bytes).is_ok());
    REQUIRE(file->sync().is_ok());
  }

  CrashFileSystem files;
  LogOptions options;
  std::unique_ptr<LogWriter> log;
};

using Payloads = std::vector<std::string>;

}  // namespace kvhost::engine::testing
