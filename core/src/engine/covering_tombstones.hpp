// The range tombstones of every source of a state, asked together: what deletes this key?
//
// Threads:   any, once collected.
// Lifetime:  keeps the super version it was collected from.
#pragma once

#include <string_view>
#include <vector>

#include "engine/super_version.hpp"
#include "format/range_tombstones.hpp"
#include "version/key_range.hpp"
#include "version/table_cache.hpp"

namespace kvhost::engine {

class CoveringTombstones {
 public:
  // Of the sources that overlap [start, end); opens tables that hold range tombstones.
  static Result<CoveringTombstones> collect(SuperVersionPtr state, TableCache& tables,
                                            std::string_view start, std::string_view end);

  bool empty() const { return sources_.empty(); }
  // The newest number not above `snapshot` of a tombstone that covers `key`; 0 = none.
  SequenceNumber covering_sequence(std::string_view key, SequenceNumber snapshot) const;

 private:
  SuperVersionPtr state_;
  std::vector<std::shared_ptr<const FragmentedRangeTombstones>> sources_;
};

}  // namespace kvhost::engine
