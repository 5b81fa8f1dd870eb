// What a component (or a section of the host's own) declared about its options, checked and owned.
//
// Threads:   a value.
// Errors:    PLUGIN_ERROR: a declaration that contradicts itself is its author's bug and says so.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "kvhost/abi/plugin.h"
#include "kvhost/result.hpp"

namespace kvhost::host {

enum class OptionType : uint32_t {
  kBoolean = KVH_OPTION_BOOLEAN,
  kInteger = KVH_OPTION_INTEGER,
  kNumber = KVH_OPTION_NUMBER,
  kString = KVH_OPTION_STRING,
  kSize = KVH_OPTION_SIZE,
  kDuration = KVH_OPTION_DURATION,
  kChoice = KVH_OPTION_CHOICE,
  kAddress = KVH_OPTION_ADDRESS,
  kStrings = KVH_OPTION_STRINGS,
  kTables = KVH_OPTION_TABLES,
  kPath = KVH_OPTION_PATH,
};

struct OptionSchema {
  OptionType type = OptionType::kString;
  bool reloadable = false;
  bool secret = false;
  bool required = false;
  std::string path;  // "fanout", or "tls.cert" for a member of a table
  std::string unit;
  std::string default_text;  // as written in a file, without quotes; empty = no default
  std::string min_text;
  std::string max_text;
  std::vector<std::string> choices;
  std::string doc;
  std::vector<OptionSchema> nested;  // kTables

  // The last part of the path.
  std::string_view name() const;
  bool has_bounds() const { return !min_text.empty() || !max_text.empty(); }
  // `an integer of files between 2 and 64`, `one of "none", "lz4", "zstd"`.
  std::string expected() const;
  // The value as TOML: quoted where its type is written as a string.
  std::string to_toml(std::string_view value) const;
};

using Schema = std::vector<OptionSchema>;

// Reads the declaration of a component; `owner` names it in errors.
Result<Schema> read_schema(const kvh_option* options, uint64_t count, uint64_t stride,
                           std::string_view owner);

// `text` as a basic TOML string, quotes included.
std::string toml_string(std::string_view text);

const OptionSchema* find_option(const Schema& schema, std::string_view path);

}  // namespace kvhost::host
