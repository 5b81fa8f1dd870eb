// A parsed configuration before anything is known about its meaning: a tree of values that remember
// where they were written. Made by config_file and by --set.
//
// Threads:   a value.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/source_place.hpp"

namespace kvhost::host {

enum class ConfigType : uint8_t { kString, kInteger, kNumber, kBoolean, kDate, kArray, kTable };

struct ConfigMember;

struct ConfigValue {
  ConfigType type = ConfigType::kTable;
  SourcePlace place;
  // kString: the characters; for all scalars on the command line: the argument as it was typed.
  std::string text;
  int64_t integer = 0;
  double number = 0;
  bool boolean = false;
  std::vector<ConfigValue> items;     // kArray
  std::vector<ConfigMember> members;  // kTable, in the order of the file

  // The member `key` of a table, or null.
  const ConfigValue* find(std::string_view key) const;
  ConfigValue* find(std::string_view key);
  // Replaces or appends the member.
  ConfigValue& set(std::string key, SourcePlace key_place, ConfigValue value);
  // As a person would name it: `12 (an integer)`, `"abc" (a string)`, `a table`.
  std::string describe() const;
};

struct ConfigMember {
  std::string key;
  SourcePlace place;  // of the key
  ConfigValue value;
};

}  // namespace kvhost::host
