// The effects of a group's batches that are resolved but not yet in the memtable: what later
// batches of the group must see.
//
// Threads:   one.
// Lifetime:  borrows the keys and values of the effects.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "format/log_batch.hpp"
#include "format/record.hpp"

namespace kvhost::engine {

class PendingEffects {
 public:
  struct Record {
    Effect effect;
    SequenceNumber sequence = 0;
  };

  void clear();
  void add(const Effect& effect, SequenceNumber sequence);

  // The newest effect on `key`, a range tombstone's included; nothing when none touches it.
  std::optional<Record> find(std::string_view key) const;

 private:
  std::unordered_map<std::string_view, Record> points_;
  std::vector<Record> ranges_;
};

}  // namespace kvhost::engine
