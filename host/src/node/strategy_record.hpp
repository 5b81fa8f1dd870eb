// Which replication strategy the data of a node was last written under, and whether it was put down
// in order: DATA_DIR/STRATEGY. It makes a change of strategy safe: batches that only the old one's
// log holds are not forgotten, and a journal of an earlier time is not taken for today's.
//
// Threads:   one.
// Errors:    CORRUPTION (the file is no such record), IO_ERROR, NO_SPACE.
// Format:    "kvhost-strategy 1\nraft open\n"; the second word is `open` while the node runs,
// `clean`
//            when everything that was applied is in the tables.
#pragma once

#include <optional>
#include <string>

#include "kvhost/engine/engine.hpp"
#include "kvhost/engine/file_system.hpp"

namespace kvhost::host {

inline constexpr const char* kNoStrategy = "none";

struct StrategyRecord {
  std::string strategy;
  bool is_clean = false;
};

// Nullopt when there is none: the data has never been replicated.
Result<std::optional<StrategyRecord>> read_strategy_record(engine::FileSystem& files,
                                                           const std::string& data_dir);
Status write_strategy_record(engine::FileSystem& files, const std::string& data_dir,
                             const StrategyRecord& record);

// CONFIG_ERROR when the data was last written under another strategy and not put down in order.
Status check_strategy_change(const std::optional<StrategyRecord>& record,
                             const std::string& strategy);

// Makes the data the start of a new life under another strategy: the old position is forgotten,
// durably, and with it the journals. Requires an engine without a log of its own.
Status begin_strategy(engine::Engine& engine, const std::string& data_dir);

}  // namespace kvhost::host
