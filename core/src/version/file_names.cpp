#include "version/file_names.hpp"

#include <charconv>
#include <cstdio>

namespace kvhost::engine {
namespace {

constexpr std::string_view kManifestPrefix = "MANIFEST-";
constexpr std::string_view kTableSuffix = ".sst";

std::string numbered(uint64_t number) {
  char digits[24];
  const int length =
      std::snprintf(digits, sizeof digits, "%06llu", static_cast<unsigned long long>(number));
  return {digits, static_cast<std::size_t>(length)};
}

std::string join(const std::string& directory, std::string_view name) {
  std::string path = directory;
  path += '/';
  path += name;
  return path;
}

std::optional<uint64_t> parse_number(std::string_view digits) {
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  // Only the spelling that the functions of this page produce: 000007 and not 7.
  if (numbered(number) != digits) return std::nullopt;
  return number;
}

}  // namespace

std::string manifest_name(uint64_t number) {
  return std::string(kManifestPrefix) + numbered(number);
}
std::string table_name(uint64_t number) { return numbered(number) + std::string(kTableSuffix); }

std::string current_path(const std::string& directory) { return join(directory, kCurrentName); }
std::string lock_path(const std::string& directory) { return join(directory, kLockName); }
std::string manifest_path(const std::string& directory, uint64_t number) {
  return join(directory, manifest_name(number));
}
std::string tables_path(const std::string& directory) { return join(directory, kTablesDirectory); }
std::string table_path(const std::string& directory, uint64_t number) {
  return join(tables_path(directory), table_name(number));
}
std::string log_path(const std::string& directory) { return join(directory, kLogDirectory); }

std::optional<uint64_t> parse_manifest_name(std::string_view name) {
  if (!name.starts_with(kManifestPrefix)) return std::nullopt;
  return parse_number(name.substr(kManifestPrefix.size()));
}

std::optional<uint64_t> parse_table_name(std::string_view name) {
  if (!name.ends_with(kTableSuffix)) return std::nullopt;
  return parse_number(name.substr(0, name.size() - kTableSuffix.size()));
}

}  // namespace kvhost::engine
