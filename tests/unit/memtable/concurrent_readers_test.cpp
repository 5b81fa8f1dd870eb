// Readers beside the writer: what was published is found, iterators stay in order. Meaningful above
// all under the thread sanitizer.
#include <array>
#include <atomic>
#include <catch2/catch.hpp>
#include <string>
#include <thread>
#include <vector>

#include "base/random.hpp"
#include "memtable/memtable.hpp"

namespace kvhost::engine {
namespace {

// Key i is a function of i alone, and every fourth record is a new version of an older key.
std::string key_of(uint64_t i) {
  Random random(i % 4 == 3 ? i / 2 : i);
  std::string key(random.below(12), '\0');
  for (char& byte : key) byte = static_cast<char>(random.below(random.one_in(2) ? 256 : 3));
  return key + std::to_string(random.below(1000));
}

TEST_CASE("readers see what the writer published, in order, while it writes") {
  constexpr uint64_t kRecords = 30'000;
  Memtable memtable;
  std::atomic<uint64_t> published{0};
  std::atomic<uint64_t> faults{0};
  std::vector<std::thread> readers;
  for (uint64_t reader = 0; reader < 2; ++reader) {
    readers.emplace_back([&, reader] {
      Random random(reader + 1);
      while (published.load(std::memory_order_acquire) < kRecords) {
        const uint64_t visible = published.load(std::memory_order_acquire);
        if (visible == 0) continue;
        const uint64_t i = 1 + random.below(visible);
        const std::string key = key_of(i);
        const std::array<std::string_view, 3> near{key, "range", "absent"};
        memtable.prefetch(near);
        const auto found = memtable.get(key, visible);
        if (!found || found->sequence < i || found->sequence > visible) ++faults;
        if (memtable.max_covering_tombstone("range", visible) + 64 < visible) ++faults;
        auto iterator = memtable.iterator();
        std::string last;
        SequenceNumber last_sequence = kMaxSequence;
        iterator->seek(key_of(i), kMaxSequence);
        for (int step = 0; step < 30 && iterator->valid(); ++step, iterator->next()) {
          const Record& record = iterator->record();
          if (step > 0 && compare_internal(last, last_sequence, record.key, record.sequence) >= 0) {
            ++faults;
          }
          last = record.key;
          last_sequence = record.sequence;
        }
        if (!iterator->valid()) iterator->seek_to_last();
        for (int step = 0; step < 30 && iterator->valid(); ++step) iterator->prev();
      }
    });
  }
  for (uint64_t i = 1; i <= kRecords; ++i) {
    memtable.add({key_of(i), "value", i});
    if (i % 64 == 1) memtable.add_range_tombstone("r", "s" + std::to_string(i), i);
    published.store(i, std::memory_order_release);
  }
  for (std::thread& reader : readers) reader.join();
  CHECK(faults == 0);
  CHECK(memtable.entries() == kRecords);
}

TEST_CASE("an iterator finds all that was there when it was made") {
  constexpr uint64_t kBefore = 5'000;
  Memtable memtable;
  for (uint64_t i = 1; i <= kBefore; ++i) memtable.add({key_of(i), "value", i});
  auto iterator = memtable.iterator();
  std::atomic<bool> stop{false};
  std::thread writer([&] {
    for (uint64_t i = kBefore + 1; i < kBefore + 40'000 && !stop; ++i) {
      memtable.add({key_of(i), "value", i});
    }
  });
  for (int round = 0; round < 3; ++round) {
    uint64_t forward = 0;
    for (iterator->seek_to_first(); iterator->valid(); iterator->next()) {
      forward += iterator->record().sequence <= kBefore ? 1 : 0;
    }
    uint64_t backward = 0;
    for (iterator->seek_to_last(); iterator->valid(); iterator->prev()) {
      backward += iterator->record().sequence <= kBefore ? 1 : 0;
    }
    CHECK(forward == kBefore);
    CHECK(backward == kBefore);
  }
  stop = true;
  writer.join();
}

}  // namespace
}  // namespace kvhost::engine
