#include "engine/read_path.hpp"

#include <array>
#include <deque>

#include "engine/engine_key.hpp"
#include "engine/key_lookup.hpp"

namespace kvhost::engine {

namespace {

// Values up to this are copied: cheaper than keeping their block or memtable alive.
constexpr std::size_t kCopiedValue = 2048;
// Tables whose filter lines are fetched together.
constexpr std::size_t kPrefetched = 16;

TableReadOptions table_options(const ReadOptions& options) {
  TableReadOptions result;
  result.fill_cache = options.fill_cache;
  result.cache_only = options.memory_only;
  return result;
}

void look_into_memtables(const SuperVersion& state, KeyLookup& lookup) {
  lookup.look_into(state.active);
  for (const auto& unit : state.immutables) {
    if (lookup.is_decided()) return;
    lookup.look_into(unit);
  }
}

// Asks `count` tables, in order, whose filter lines are on their way.
struct Candidate {
  const TableFile* file;
  const TableReader* table;
};

Status look_into_tables(const Version& version, TableCache& tables, const ReadOptions& options,
                        ReadCounters& counters, KeyLookup& lookup) {
  const TableReadOptions how = table_options(options);
  const auto& runs = version.runs();
  std::array<Candidate, kPrefetched> candidates;
  for (std::size_t next = 0; next < runs.size() && !lookup.is_decided();) {
    std::size_t found = 0;
    bool must_open = false;
    for (; next < runs.size() && found < kPrefetched && !must_open; ++next) {
      const TableFile* const file = runs[next]->find(lookup.key());
      if (file == nullptr) continue;
      const TableReader* table = file->reader_if_open();
      if (table == nullptr && options.memory_only) {
        must_open = true;
        break;
      }
      if (table == nullptr) {
        KVHOST_TRY_ASSIGN(table, tables.reader(*file));
      }
      table->prefetch_filter(lookup.hash());
      candidates[found++] = {file, table};
    }
    for (std::size_t i = 0; i < found && !lookup.is_decided(); ++i) {
      KVHOST_TRY(lookup.look_into(*candidates[i].file, *candidates[i].table, how, counters));
    }
    if (must_open && !lookup.is_decided()) lookup.stop_for_disk();
  }
  return Status::ok();
}

PinnedValue pin(KeyLookup& lookup) {
  const std::string_view value = lookup.record()->value;
  if (value.size() <= kCopiedValue) return PinnedValue(std::string(value));
  if (lookup.memtable() != nullptr) return PinnedValue(value, *lookup.memtable());
  return PinnedValue(value, std::make_shared<PinnedBlock>(std::move(lookup.block())));
}

// Keeps count of the values that a multi_get has found.
class ByteLimit {
 public:
  explicit ByteLimit(uint64_t most) : left_(most), most_(most) {}

  Status take(const KeyLookup& lookup) {
    const uint64_t bytes = lookup.record() ? lookup.record()->value.size() : 0;
    if (bytes <= left_) {
      left_ -= bytes;
      return Status::ok();
    }
    return {StatusCode::TOO_LARGE, "the values of these keys take more than " +
                                       std::to_string(most_) +
                                       " bytes together; ask for fewer keys at once"};
  }

 private:
  uint64_t left_;
  const uint64_t most_;
};

// The lookup's answer; expiry is judged only where there is one.
template <typename NowMs>
GetResult answer(KeyLookup& lookup, const NowMs& now_ms) {
  GetResult result;
  if (lookup.needs_disk()) {
    result.outcome = Lookup::kNeedsDisk;
    return result;
  }
  const auto& record = lookup.record();
  if (!record || record->type != RecordType::kPut) return result;
  if (record->expires_at_ms != 0 && record->expires_at_ms <= now_ms()) return result;
  result.outcome = Lookup::kFound;
  result.version = record->sequence;
  result.expires_at_ms = record->expires_at_ms;
  result.value = pin(lookup);
  return result;
}

}  // namespace

Result<GetResult> ReadPath::get(const ReadOptions& options, std::string_view engine_key) {
  ReadCounters& counters = with_.counters.reads();
  const ReaderEpochs::Guard guard;
  const SuperVersion& state = with_.super_versions.current(guard);
  const SequenceNumber snapshot = options.snapshot != nullptr
                                      ? options.snapshot->sequence()
                                      : with_.visible.load(std::memory_order_acquire);
  KeyLookup lookup(engine_key, snapshot);
  look_into_memtables(state, lookup);
  if (!lookup.is_decided()) {
    KVHOST_TRY(look_into_tables(*state.version, with_.tables, options, counters, lookup));
  }
  GetResult result =
      answer(lookup, [&] { return options.now_ms != 0 ? options.now_ms : with_.log_time.now(); });
  if (result.outcome != Lookup::kNeedsDisk) {
    count(counters.gets);
    if (result.found()) count(counters.get_hits);
  }
  return result;
}

Result<std::vector<GetResult>> ReadPath::multi_get(const ReadOptions& options,
                                                   std::span<const KeyRef> keys) {
  ReadCounters& counters = with_.counters.reads();
  const TableReadOptions how = table_options(options);
  // The answers come from one state, so they share a snapshot; long batches must not hold an epoch.
  const SuperVersionPtr state = with_.super_versions.share();
  const SequenceNumber snapshot = options.snapshot != nullptr
                                      ? options.snapshot->sequence()
                                      : with_.visible.load(std::memory_order_acquire);
  std::deque<EngineKey> engine_keys;
  std::vector<KeyLookup> lookups;
  ByteLimit limit(options.max_bytes);
  lookups.reserve(keys.size());
  std::vector<std::string_view> views;
  views.reserve(keys.size());
  for (const KeyRef& key : keys) {
    views.push_back(engine_keys.emplace_back(key.space, key.key).view());
  }
  state->active->table.prefetch(views);
  for (const std::string_view key : views) {
    look_into_memtables(*state, lookups.emplace_back(key, snapshot));
    KVHOST_TRY(limit.take(lookups.back()));
  }

  struct Probe {
    KeyLookup* lookup;
    const TableFile* file;
    const TableReader* table;
    std::size_t block;
  };
  // Each step brings near, for all keys, what the next one touches.
  std::vector<Probe> probes;
  for (const SortedRunPtr& run : state->version->runs()) {
    probes.clear();
    for (KeyLookup& lookup : lookups) {
      if (lookup.is_decided()) continue;
      const TableFile* const file = run->find(lookup.key());
      if (file == nullptr) continue;
      const TableReader* table = file->reader_if_open();
      if (table == nullptr && options.memory_only) {
        lookup.stop_for_disk();
        continue;
      }
      if (table == nullptr) {
        KVHOST_TRY_ASSIGN(table, with_.tables.reader(*file));
      }
      table->prefetch_filter(lookup.hash());
      probes.push_back({&lookup, file, table, 0});
    }
    auto kept = probes.begin();
    for (const Probe& probe : probes) {
      if (!probe.lookup->passes_filter(*probe.table, counters)) continue;
      *kept = probe;
      kept++->block = probe.table->locate(probe.lookup->key());
    }
    probes.erase(kept, probes.end());
    for (const Probe& probe : probes) probe.table->prefetch_block(probe.block);
    for (const Probe& probe : probes) {
      KVHOST_TRY(
          probe.lookup->look_into_block(*probe.file, *probe.table, probe.block, how, counters));
      KVHOST_TRY(limit.take(*probe.lookup));
    }
  }

  std::optional<uint64_t> now_ms;
  std::vector<GetResult> results;
  results.reserve(lookups.size());
  for (KeyLookup& lookup : lookups) {
    results.push_back(answer(lookup, [&] {
      if (!now_ms) now_ms = options.now_ms != 0 ? options.now_ms : with_.log_time.now();
      return *now_ms;
    }));
    if (results.back().found()) count(counters.get_hits);
  }
  count(counters.gets, lookups.size());
  return results;
}

Result<Latest> ReadPath::latest(std::string_view engine_key, uint64_t now_ms, bool memory_only) {
  ReadOptions options;
  options.memory_only = memory_only;
  options.now_ms = std::max<uint64_t>(1, now_ms);
  KVHOST_TRY_ASSIGN(GetResult found, get(options, engine_key));
  Latest latest;
  latest.needs_disk = found.outcome == Lookup::kNeedsDisk;
  if (found.found()) {
    latest.record = CurrentRecord{std::move(found.value), found.version, found.expires_at_ms};
  }
  return latest;
}

}  // namespace kvhost::engine
