// Walks all records of a sorted run: its files one after the other, each opened when it is reached.
//
// Threads:   one thread at a time.
// Lifetime:  keeps the files; borrows the table cache.
// Errors:    as RecordIterator; those of TableCache::reader() included.
#pragma once

#include <memory>

#include "format/record_iterator.hpp"
#include "sstable/table_reader.hpp"
#include "version/table_cache.hpp"
#include "version/version.hpp"

namespace kvhost::engine {

std::unique_ptr<RecordIterator> make_run_iterator(const SortedRunPtr& run, TableCache& tables,
                                                  TableReadOptions options);
// Over some files of a run, in key order.
std::unique_ptr<RecordIterator> make_files_iterator(std::vector<TableFilePtr> files,
                                                    TableCache& tables, TableReadOptions options);

}  // namespace kvhost::engine
