// Values of a schema's options, checked: every declared option has an entry, defaults filled in.
//
// Threads:   a value.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/config_value.hpp"
#include "config/diagnostics.hpp"
#include "config/option_schema.hpp"

namespace kvhost::host {

class OptionValues;

struct OptionValue {
  OptionType type = OptionType::kString;
  SourcePlace place;    // without a source for a default
  bool is_set = false;  // false: no default, and not given
  bool given = false;   // by the file or the command line
  int64_t integer = 0;  // kBoolean, kInteger, kSize (bytes), kDuration (nanoseconds)
  double number = 0;
  std::string string;
  std::vector<std::string> strings;
  std::vector<OptionValues> tables;

  // The same meaning, wherever it was written.
  bool same_as(const OptionValue& other) const;
};

class OptionValues {
 public:
  // Asking for an option that the schema does not declare is a programmer's error and asserts.
  const OptionValue& at(std::string_view path) const;
  const OptionValue* find(std::string_view path) const;
  bool boolean(std::string_view path) const { return at(path).integer != 0; }
  int64_t integer(std::string_view path) const { return at(path).integer; }
  uint64_t bytes(std::string_view path) const { return static_cast<uint64_t>(at(path).integer); }
  std::chrono::nanoseconds duration(std::string_view path) const {
    return std::chrono::nanoseconds(at(path).integer);
  }
  const std::string& string(std::string_view path) const { return at(path).string; }

  void put(std::string path, OptionValue value);
  const std::map<std::string, OptionValue, std::less<>>& all() const { return values_; }
  bool same_as(const OptionValues& other) const;

 private:
  std::map<std::string, OptionValue, std::less<>> values_;
};

// How values are made: where they stand and what relative paths are relative to.
struct ValueContext {
  // "[engine]", "[transport.options] (\"http\")"; begins every message.
  std::string section;
  // Absolute; what relative paths of the file, and of the command line, are relative to.
  std::string base_directory;
  std::string command_line_directory;
};

// The values of `table` (null: nothing was given) as `schema` wants them. Every mistake is added to
// `diagnostics`; an option with a mistake has its default. `section_place` is where a missing
// required option is reported.
OptionValues validate_options(const Schema& schema, const ConfigValue* table,
                              const ValueContext& context, const SourcePlace& section_place,
                              Diagnostics& diagnostics);

// Options whose values differ, by path.
std::vector<std::string> changed_options(const OptionValues& before, const OptionValues& after);

}  // namespace kvhost::host
