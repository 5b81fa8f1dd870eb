// One caller appends and cuts, several read: what they see is what was appended.
#include <atomic>
#include <catch2/catch.hpp>
#include <thread>

#include "journal_world.hpp"

namespace kvhost::engine::testing {

TEST_CASE("many appends share a sync, and callbacks come in order") {
  JournalWorld world;
  world.open();
  std::vector<uint64_t> order;
  std::promise<void> all;
  constexpr uint64_t kEntries = 2000;
  for (uint64_t index = 1; index <= kEntries; ++index) {
    const std::string payload = payload_of(index, 1);
    const JournalEntry entry{index, 1, payload};
    REQUIRE(world.journal
                ->append(std::span(&entry, 1),
                         [&, index](const Status& status) {
                           if (!status.is_ok()) return;
                           order.push_back(index);
                           if (index == kEntries) all.set_value();
                         })
                .is_ok());
  }
  REQUIRE(all.get_future().wait_for(std::chrono::seconds(60)) == std::future_status::ready);
  REQUIRE(order.size() == kEntries);
  CHECK(std::is_sorted(order.begin(), order.end()));
  CHECK(world.journal->durable() == kEntries);
}

TEST_CASE("readers meet appends and cuts") {
  JournalWorld world;
  world.open();
  std::atomic<bool> ends{false};
  std::atomic<uint64_t> wrong{0};
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&, i] {
      uint64_t at = 1;
      while (!ends.load()) {
        const auto slice = world.journal->read(at, 2000 + 500 * static_cast<uint64_t>(i));
        if (!slice) {
          if (slice.error().code() != StatusCode::COMPACTED) wrong.fetch_add(1);
          at = world.journal->first();
          continue;
        }
        for (const auto& entry : slice->entries) {
          if (entry.payload != payload_of(entry.index, entry.term, entry.payload.size())) {
            wrong.fetch_add(1);
          }
          at = entry.index + 1;
        }
        if (slice->entries.empty()) at = world.journal->first();
      }
    });
  }
  for (uint64_t index = 1; index <= 1500; ++index) {
    REQUIRE(append_and_wait(*world.journal, index, index / 7, 200).is_ok());
    if (index % 100 == 0) REQUIRE(world.journal->truncate_before(index - 80).is_ok());
  }
  ends.store(true);
  for (auto& reader : readers) reader.join();
  CHECK(wrong.load() == 0);
  CHECK(world.journal->last() == 1500);
}

}  // namespace kvhost::engine::testing
