// Merges sources into one walk in internal order, forward and back. The same (key, sequence) in two
// sources appears twice, that of the source listed first coming first.
//
// Threads:   one thread at a time.
// Lifetime:  owns the sources; record() is borrowed from the source it came from.
// Errors:    an error of any source makes valid() false and is in status().
#pragma once

#include <memory>
#include <vector>

#include "format/record_iterator.hpp"

namespace kvhost::engine {

// No source: always at the end. One source: that source itself.
std::unique_ptr<RecordIterator> make_merging_iterator(
    std::vector<std::unique_ptr<RecordIterator>> sources);

}  // namespace kvhost::engine
