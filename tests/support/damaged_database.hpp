// A small database on a disk in memory with something of everything in it (tables on two levels,
// tombstones, range deletes, expiring keys, a log that is not in tables yet), to be damaged by
// tests.
//
// Threads:   one.
#pragma once

#include <catch2/catch.hpp>
#include <map>
#include <string>
#include <vector>

#include "kvhost/engine/engine.hpp"
#include "support/crash_file_system.hpp"
#include "support/manual_clock.hpp"

namespace kvhost::engine::testing {

class DamagedDatabase {
 public:
  using Contents = std::map<std::string, std::string>;

  DamagedDatabase() {
    const auto engine = open("db");
    for (int i = 0; i < 60; ++i) put(*engine, "a" + number(i), std::string(300, 'v'));
    REQUIRE(engine->flush().is_ok());
    for (int i = 0; i < 20; ++i) put(*engine, "a" + number(i), "newer");
    erase(*engine, "a" + number(3));
    erase_range(*engine, "a" + number(50), "a" + number(55));
    REQUIRE(engine->compact(std::nullopt).is_ok());
    put(*engine, "b", "second table");
    erase(*engine, "a" + number(5));
    erase_range(*engine, "a" + number(40), "a" + number(42));
    REQUIRE(engine->flush().is_ok());
    put(*engine, "c", "in the log");
    put(*engine, "a" + number(1), "from the log");
    erase(*engine, "a" + number(2));
    contents_ = read(*engine);
    last_sequence_ = engine->last_sequence();
    // A kill, not a close: the log ends where it ends.
    disk.kill_process();
  }

  static Options options() {
    Options options;
    options.memory = uint64_t{8} << 20;
    options.memtable_size = 64 << 10;
    options.wal_segment_size = 16 << 10;
    options.target_file_size = 4 << 10;
    options.block_size = 512;
    return options;
  }

  Result<std::unique_ptr<Engine>> try_open(const std::string& directory) {
    Environment environment;
    environment.file_system = &disk;
    environment.clock = &clock;
    return Engine::open(directory, options(), environment);
  }
  std::unique_ptr<Engine> open(const std::string& directory) {
    auto opened = try_open(directory);
    INFO(opened.status().to_string());
    REQUIRE(opened.has_value());
    return std::move(*opened);
  }

  static void put(Engine& engine, const std::string& key, const std::string& value) {
    WriteBatch batch;
    batch.put(0, key, value);
    REQUIRE(engine.write({}, batch).has_value());
  }
  static void erase(Engine& engine, const std::string& key) {
    WriteBatch batch;
    batch.erase(0, key);
    REQUIRE(engine.write({}, batch).has_value());
  }
  static void erase_range(Engine& engine, const std::string& start, const std::string& end) {
    WriteBatch batch;
    batch.erase_range(0, start, end);
    REQUIRE(engine.write({}, batch).has_value());
  }
  static Contents read(Engine& engine) {
    Contents all;
    auto made = engine.iterator({}, {});
    REQUIRE(made.has_value());
    Iterator& it = **made;
    for (it.seek_to_first(); it.valid(); it.next()) all[std::string(it.key())] = it.value();
    INFO(it.status().to_string());
    REQUIRE(it.status().is_ok());
    return all;
  }
  // Of a database that opens.
  Contents contents_of(const std::string& directory) { return read(*open(directory)); }

  // What it held when it was last whole.
  const Contents& contents() const { return contents_; }
  uint64_t last_sequence() const { return last_sequence_; }

  // Paths of all files below `directory`, LOCK left out.
  std::vector<std::string> files(const std::string& directory) {
    std::vector<std::string> paths;
    const auto names = disk.list(directory);
    REQUIRE(names.has_value());
    for (const std::string& name : *names) {
      const std::string path = directory + "/" + name;
      if (name == "LOCK") continue;
      if (const auto inner = disk.list(path)) {
        for (const std::string& one : *inner) paths.push_back(path + "/" + one);
      } else {
        paths.push_back(path);
      }
    }
    return paths;
  }
  std::vector<std::string> tables() { return files("db/tables"); }

  CrashFileSystem disk;
  ManualClock clock;

 private:
  static std::string number(int i) { return std::string(i < 10 ? "0" : "") + std::to_string(i); }

  Contents contents_;
  uint64_t last_sequence_ = 0;
};

}  // namespace kvhost::engine::testing
