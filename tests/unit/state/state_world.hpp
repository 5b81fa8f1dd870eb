// Two replicas on disks in memory, and words for sending the state of one to the other.
#pragma once

#include <catch2/catch.hpp>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "kvhost/engine/replaceable_engine.hpp"
#include "kvhost/engine/state_digest.hpp"
#include "kvhost/engine/state_directory.hpp"
#include "support/crash_file_system.hpp"
#include "support/fault_file_system.hpp"
#include "support/manual_clock.hpp"

namespace kvhost::engine::testing {

// A replica whose data lies in /data of a disk of its own.
class Replica {
 public:
  Replica() {
    options_.memory = uint64_t{8} << 20;
    options_.memtable_size = 64 << 10;
    options_.target_file_size = 32 << 10;
    options_.wal_sync = WalSync::kOff;
  }
  ~Replica() { engine.reset(); }

  Status try_open() {
    engine.reset();
    Environment environment;
    environment.file_system = &faults;
    environment.clock = &clock;
    auto opened = ReplaceableEngine::open("/data", options_, environment);
    if (!opened) return opened.error();
    engine = std::move(*opened);
    return Status::ok();
  }
  void open() {
    const Status opened = try_open();
    if (!opened.is_ok()) FAIL(opened.to_string());
  }
  // Applies batches up to and including index `last`.
  Status apply_to(uint64_t last) {
    for (uint64_t index = engine->applied_position().index + 1; index <= last; ++index) {
      WriteBatch batch;
      batch.put(0, "key" + std::to_string(index % 50),
                std::string(300, 'v') + std::to_string(index));
      if (index % 7 == 0) batch.erase(0, "key" + std::to_string(index % 11));
      if (index % 5 == 0) batch.put(3, "ttl", "short", Expiry::after_ms(1'000'000));
      const OrderedBatch ordered{1'000 + index, batch.bytes()};
      KVHOST_TRY(engine->apply({"test", 1, 2, index}, std::span(&ordered, 1)).status());
    }
    return Status::ok();
  }
  StateDigest digest() const {
    const std::vector<uint32_t> spaces{0, 3};
    const auto snapshot = engine->snapshot();
    const auto digest = digest_state(*engine, *snapshot, spaces, "", std::nullopt, 2'000);
    if (!digest) FAIL(digest.error().to_string());
    return *digest;
  }
  std::string get(std::string_view key) const {
    ReadOptions options;
    options.now_ms = 2'000;
    const auto got = engine->get(options, 0, key);
    if (!got) return got.status().to_string();
    return got->found() ? std::string(got->value.view()) : "absent";
  }
  // A checkpoint in /data/transfer-1 and what is in it.
  StateManifest make_checkpoint() {
    REQUIRE(engine->checkpoint("/data/transfer-1").is_ok());
    auto manifest = describe_state(disk, "/data/transfer-1");
    if (!manifest) FAIL(manifest.error().to_string());
    return *manifest;
  }
  std::string checkpoint_bytes(const std::string& name, uint64_t bytes) {
    const auto file = disk.open_for_reading("/data/transfer-1/" + name);
    REQUIRE(file.has_value());
    std::string text(bytes, '\0');
    REQUIRE((*file)->read_at(0, text).value() == bytes);
    return text;
  }

  CrashFileSystem disk;
  FaultFileSystem faults{disk};
  ManualClock clock;
  std::unique_ptr<ReplaceableEngine> engine;

 private:
  Options options_;
};

// Sends what `receiver` still wants, in pieces of `step` bytes.
inline Status send(Replica& from, StateReceiver& receiver, uint64_t step = 10'000) {
  for (const auto& file : receiver.wanted()) {
    const std::string bytes = from.checkpoint_bytes(file.name, file.bytes);
    for (uint64_t at = file.offset; at < bytes.size(); at += step) {
      KVHOST_TRY(receiver.write(file.name, at, std::string_view(bytes).substr(at, step)));
    }
  }
  return Status::ok();
}

// The whole way: manifest, files, switch.
inline Status install(Replica& from, const StateManifest& manifest, Replica& to) {
  KVHOST_TRY_ASSIGN(const auto receiver, StateReceiver::begin(to.faults, "/data", manifest));
  KVHOST_TRY(send(from, *receiver));
  KVHOST_TRY_ASSIGN(const std::string directory, receiver->finish());
  return to.engine->replace(directory);
}

// Waits until states that were replaced are gone; false after a minute.
inline bool wait_until_retired(const ReplaceableEngine& engine) {
  for (int i = 0; i < 6'000 && engine.retired() > 0; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return engine.retired() == 0;
}

}  // namespace kvhost::engine::testing
