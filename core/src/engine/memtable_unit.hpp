// A memtable with what its flush must record beside the table.
//
// Threads:   `table` as Memtable says. The other members are written by the thread that leads the
//            writes, and read by others once the unit is immutable.
// Lifetime:  shared by super versions, pinned values and the flush.
#pragma once

#include <cstdint>
#include <memory>

#include "cache/memory_budget.hpp"
#include "kvhost/engine/engine.hpp"
#include "log/log_position.hpp"
#include "memtable/memtable.hpp"

namespace kvhost::engine {

struct MemtableUnit {
  MemtableUnit(uint64_t number, MemoryBudget* budget, uint64_t expected_bytes,
               std::shared_ptr<ArenaBlocks> recycled = nullptr)
      : id(number),
        table(std::move(recycled)),
        charge(budget, MemoryCategory::kMemtables, expected_bytes) {}

  const uint64_t id;  // grows with every switch
  Memtable table;
  BudgetCharge charge;

  // Of the newest batch whose effects are here.
  SequenceNumber last_sequence = 0;
  uint64_t last_now_ms = 0;
  ReplicationPosition position;
  bool has_position = false;
  // After the last log record whose effects are here: set when the unit becomes immutable.
  LogPosition log_end;

  // Nothing that a flush would have to record.
  bool is_untouched() const { return table.empty() && !has_position; }
};

}  // namespace kvhost::engine
