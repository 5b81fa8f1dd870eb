// What compaction asks of the engine around it. The engine implements it; tests bring a small one.
//
// Threads:   every method is called from compaction threads, concurrently, under no lock.
// Lifetime:  outlives the driver.
#pragma once

#include <cstdint>
#include <vector>

#include "format/record.hpp"
#include "kvhost/status.hpp"

namespace kvhost::engine {

class CompactionHost {
 public:
  virtual ~CompactionHost() = default;

  // Sequence numbers that readers hold, ascending, each once. A job drops what none of them and no
  // later reader can see. For this to be safe
  //   * a snapshot is in the list from the moment its number was chosen, and
  //   * a read without a snapshot pins its Version before it chooses its number, and
  //   * no table ever holds a number that was not published when the table was installed.
  virtual std::vector<SequenceNumber> live_snapshots() = 0;
  // Log time of the newest batch that is durable (or whose replay comes with at least this time):
  // what is expired then is dropped for good. Never goes back.
  virtual uint64_t durable_log_time_ms() = 0;
  virtual SequenceNumber last_sequence() = 0;
  virtual uint64_t write_bytes_per_second() = 0;
  // A flush wants the disk: running merges wait at their next block until this turns false.
  virtual bool is_flush_urgent() = 0;

  // A new Version is current; readers should pin it soon.
  virtual void tree_changed() = 0;
  // The MANIFEST cannot be written, or a job met damage or a full disk. `failure` is not OK.
  virtual void compaction_failed(const Status& failure) = 0;
};

}  // namespace kvhost::engine
