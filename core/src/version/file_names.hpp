// Names of the files of a database directory, and what a name says.
//
//   LOCK  CURRENT  MANIFEST-NNNNNN  tables/NNNNNN.sst  wal/NNNNNN.log
//
// Numbers have at least six digits and grow beyond them. A name that this page does not know is
// nobody's: it is left alone.
//
// Threads:   any.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace kvhost::engine {

inline constexpr std::string_view kLockName = "LOCK";
inline constexpr std::string_view kCurrentName = "CURRENT";
inline constexpr std::string_view kTablesDirectory = "tables";
inline constexpr std::string_view kLogDirectory = "wal";

std::string manifest_name(uint64_t number);
std::string table_name(uint64_t number);

std::string current_path(const std::string& directory);
std::string lock_path(const std::string& directory);
std::string manifest_path(const std::string& directory, uint64_t number);
std::string tables_path(const std::string& directory);
std::string table_path(const std::string& directory, uint64_t number);
std::string log_path(const std::string& directory);

// The number in a name that one of the functions above made; empty for every other name.
std::optional<uint64_t> parse_manifest_name(std::string_view name);
std::optional<uint64_t> parse_table_name(std::string_view name);

}  // namespace kvhost::engine
