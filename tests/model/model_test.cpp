// Random histories against the model, under several option sets. A failure prints its seed, the
// command that repeats it, and the shortest list of steps that still fails.
//
//   KVHOST_MODEL_SECONDS=600 test_model        goes on with fresh seeds for ten minutes
//   KVHOST_MODEL_SEED=7 test_model             plays this seed alone
#include <catch2/catch.hpp>
#include <chrono>
#include <cstdlib>

#include "model_runner.hpp"

using namespace kvhost;                   // NOLINT(*-build-using-namespace)
using namespace kvhost::engine;           // NOLINT(*-build-using-namespace)
using namespace kvhost::engine::testing;  // NOLINT(*-build-using-namespace)

namespace {

struct OptionSet {
  const char* name;
  Options options;
};

std::vector<OptionSet> option_sets() {
  Options base;
  base.memory = uint64_t{4} << 20;
  base.memtable_size = 16 << 10;
  base.wal_segment_size = 32 << 10;
  base.target_file_size = 8 << 10;
  base.block_size = 512;
  std::vector<OptionSet> sets;

  Options one = base;
  one.wal_sync = WalSync::kAlways;
  sets.push_back({"always", one});

  one = base;
  one.wal_sync = WalSync::kNever;
  one.compression = ::kvhost::Codec::kNone;
  one.memtable_size = 8 << 10;
  sets.push_back({"never, uncompressed, small memtables", one});

  one = base;
  one.wal_sync = WalSync::kInterval;
  one.wal_sync_interval = std::chrono::milliseconds(1);
  one.bits_per_key = 0;
  one.compaction_workers = 2;
  sets.push_back({"interval, no filters, two workers", one});

  one = base;
  one.wal_sync = WalSync::kAlways;
  one.memtable_size = uint64_t{1} << 20;
  one.wal_segment_size = 8192;
  one.compression = ::kvhost::Codec::kZstd;
  sets.push_back({"always, zstd, tiny segments", one});

  one = base;
  one.wal_sync = WalSync::kOff;
  one.max_immutable_memtables = 1;
  sets.push_back({"no log", one});
  return sets;
}

uint64_t number_from(const char* variable, uint64_t otherwise) {
  const char* const text = std::getenv(variable);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

void play(const OptionSet& set, uint64_t seed, std::size_t steps) {
  const std::vector<Step> list = draw_steps(seed, steps);
  const auto wrong = run_steps(set.options, list);
  if (!wrong) {
    SUCCEED();
    return;
  }
  const std::vector<Step> fewer = shrink(set.options, list, 20);
  const auto still = run_steps(set.options, fewer);
  FAIL("options \"" << set.name << "\", seed " << seed << ": " << *wrong
                    << "\nrepeat with: KVHOST_MODEL_SEED=" << seed << " test_model\n"
                    << fewer.size() << " steps still fail"
                    << (still ? " (" + *still + ")" : std::string(" now and then")) << ":\n"
                    << describe(fewer));
}

}  // namespace

TEST_CASE("random histories agree with the model") {
  const uint64_t only = number_from("KVHOST_MODEL_SEED", 0);
  const uint64_t seconds = number_from("KVHOST_MODEL_SECONDS", 0);
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
  const uint64_t first = only != 0 ? only : number_from("KVHOST_MODEL_FIRST_SEED", 1);
  for (uint64_t seed = first;; ++seed) {
    for (const OptionSet& set : option_sets()) play(set, seed, 700);
    const bool is_enough = seconds > 0 ? std::chrono::steady_clock::now() >= until
                                       : seed >= first + (only != 0 ? 0 : 9);
    if (is_enough) break;
  }
}
