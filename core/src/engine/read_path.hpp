// Point lookups: memtable, immutable memtables, then the runs from newest to oldest, until the
// first source that knows the key or a range tombstone over it.
//
// A read pins its super version first and chooses its sequence number afterwards: a compaction that
// finished in between can then have dropped nothing that the number needs.
//
// Threads:   any.
// Lifetime:  borrows everything it is made of.
// Errors:    CORRUPTION, IO_ERROR of a table.
#pragma once

#include <atomic>
#include <span>
#include <string_view>
#include <vector>

#include "engine/latest_reader.hpp"
#include "engine/log_time.hpp"
#include "engine/statistics_counters.hpp"
#include "engine/super_version.hpp"
#include "kvhost/engine/engine.hpp"
#include "version/table_cache.hpp"

namespace kvhost::engine {

class ReadPath final : public LatestReader {
 public:
  struct Dependencies {
    const SuperVersions& super_versions;
    TableCache& tables;
    const LogTime& log_time;
    const std::atomic<SequenceNumber>& visible;
    StatisticsCounters& counters;
  };

  explicit ReadPath(const Dependencies& dependencies) : with_(dependencies) {}

  Result<GetResult> get(const ReadOptions& options, std::string_view engine_key);
  Result<std::vector<GetResult>> multi_get(const ReadOptions& options,
                                           std::span<const KeyRef> keys);
  Result<Latest> latest(std::string_view engine_key, uint64_t now_ms, bool memory_only) override;

 private:
  const Dependencies with_;
};

}  // namespace kvhost::engine
