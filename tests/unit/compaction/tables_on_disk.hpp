// The tables that lie in a database directory.
#pragma once

#include <set>
#include <string>

#include "compaction_story.hpp"

namespace kvhost::engine::test {

inline std::set<uint64_t> tables_on_disk(FileSystem& files, const std::string& directory) {
  std::set<uint64_t> numbers;
  const auto names = files.list(tables_path(directory));
  REQUIRE(names);
  for (const std::string& name : *names) {
    if (const auto number = parse_table_name(name)) numbers.insert(*number);
  }
  return numbers;
}
inline std::set<uint64_t> tables_on_disk(TestDatabase& database) {
  return tables_on_disk(database.memory, TestDatabase::kPath);
}

}  // namespace kvhost::engine::test
