// Random records in tables of many kinds, against the model, through cache and without.
#include <catch2/catch.hpp>
#include <string>
#include <thread>
#include <vector>

#include "unit/sstable/table_fixture.hpp"

namespace kvhost::engine {
namespace {

using namespace test;

struct Kind {
  const char* name;
  TableOptions options;
  bool fixed_keys;
  bool fixed_values;
};

std::vector<Kind> kinds() {
  std::vector<Kind> all;
  for (const Codec codec : {Codec::kNone, Codec::kLz4, Codec::kZstd}) {
    for (const std::size_t block_bytes : {1u, 300u, 4096u, 65536u}) {
      TableOptions options = options_for_test();
      options.codec = codec;
      options.block_bytes = block_bytes;
      options.filter_bits_per_key = block_bytes == 300 ? 0 : 10;
      all.push_back({"any keys, any values", options, false, false});
      if (block_bytes != 65536) all.push_back({"fixed keys and values", options, true, true});
      all.push_back({"fixed keys", options, true, false});
    }
  }
  return all;
}

RecordModel random_model(Random& random, const Kind& kind, int count) {
  RecordModel model;
  std::string key = "key";
  for (SequenceNumber sequence = 1; sequence <= static_cast<uint64_t>(count); ++sequence) {
    if (!random.one_in(5)) {
      key = kind.fixed_keys ? std::to_string(1'000'000'000'000'000 + random.below(count * 2))
                            : nasty_key(random);
    }
    OwnedRecord record = random_record(random, key, sequence);
    if (kind.fixed_values) {
      record = {key, std::string(20, static_cast<char>('a' + sequence % 26)), sequence};
    }
    model.add(std::move(record));
  }
  return model;
}

TEST_CASE("tables of every kind behave as the model does") {
  const uint64_t seed = random_seed();
  INFO("seed " << seed);
  Random random(seed);
  for (const Kind& kind : kinds()) {
    INFO(kind.name << ", " << codec_name(kind.options.codec) << ", blocks of "
                   << kind.options.block_bytes);
    const RecordModel model = random_model(random, kind, random.one_in(3) ? 5 : 600);
    const BuiltTable table = build_table(kind.options, model);
    BlockCache cache(64 << 10);
    const bool cached = random.one_in(2);
    const auto reader = open_table(table, {.cache = cached ? &cache : nullptr});
    REQUIRE(reader->verify_all().to_string() == "ok");
    REQUIRE(reader->properties() == table.properties);
    for (const auto& [place, record] : model.records()) {
      REQUIRE(get(*reader, record.key, record.sequence) == record);
    }
    for (int i = 0; i < 300; ++i) {
      const std::string probe = nasty_key(random);
      const SequenceNumber snapshot = random.below(700);
      const OwnedRecord* expected = model.get(probe, snapshot);
      const auto found = get(*reader, probe, snapshot);
      REQUIRE(found.has_value() == (expected != nullptr));
      if (expected != nullptr) REQUIRE(*found == *expected);
    }
    for (const TableReadOptions& options :
         {TableReadOptions{}, TableReadOptions{false, 0}, TableReadOptions{false, 10'000},
          TableReadOptions{true, 10'000}}) {
      walk_like_the_model(*reader->iterator(options), model, random, 150);
      auto expected = model.records().begin();
      const auto iterator = reader->iterator(options);
      for (iterator->seek_to_first(); iterator->valid(); iterator->next(), ++expected) {
        REQUIRE(owned(iterator->record()) == expected->second);
      }
      REQUIRE(expected == model.records().end());
      for (iterator->seek_to_last(); iterator->valid(); iterator->prev()) {
        --expected;
        REQUIRE(owned(iterator->record()) == expected->second);
      }
      REQUIRE(expected == model.records().begin());
    }
  }
}

TEST_CASE("many readers of one table through a small cache see the same") {
  Random random(11);
  const Kind kind{"", options_for_test(), false, false};
  const RecordModel model = random_model(random, kind, 1500);
  const BuiltTable table = build_table(kind.options, model);
  MemoryBudget budget(4 << 20);
  BlockCache cache(20 << 10, &budget);
  auto reader = open_table(table, {&cache, &budget});
  CHECK(budget.used(MemoryCategory::kFilters) > 0);
  CHECK(reader->resident_bytes() > 0);
  std::atomic<int> faults{0};
  std::vector<std::thread> threads;
  for (uint64_t thread = 0; thread < 3; ++thread) {
    threads.emplace_back([&, thread] {
      Random own(thread);
      for (int i = 0; i < 3000; ++i) {
        const std::string key = nasty_key(own);
        const SequenceNumber snapshot = own.below(1600);
        const auto hit = reader->get(key, snapshot, key_hash(key));
        const OwnedRecord* expected = model.get(key, snapshot);
        if (!hit || hit->has_value() != (expected != nullptr) ||
            (expected != nullptr && (*hit)->record.value != expected->value)) {
          ++faults;
        }
      }
      auto expected = model.records().begin();
      const auto iterator = reader->iterator();
      for (iterator->seek_to_first(); iterator->valid(); iterator->next(), ++expected) {
        if (iterator->record().value != expected->second.value) ++faults;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(faults == 0);
  CHECK(cache.stats().evictions > 0);
  CHECK(cache.stats().pinned_bytes == 0);
  reader.reset();
  CHECK(budget.used() == 0);
}

}  // namespace
}  // namespace kvhost::engine
