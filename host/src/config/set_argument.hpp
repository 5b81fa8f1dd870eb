// `--set section.key=value`: values of the command line laid over the file's.
//
//   node.id=n1                       a key of [node], [engine] or [security]
//   compaction.plugin=tiered         the component of [compaction], [replication], [metrics]
//   compaction.options.fanout=8      one of its options; compaction.fanout=8 for short
//   transport.http.options.listen=:80   an option of the [[transport]] named http; without
//                                    `options.` for short; added when there is none of that name
//
// A value is TOML (`["a", "b"]`, `5`, `"text"`); anything else is taken as it is for a string, so
// that quotes are rarely needed. Arrays of strings may be written a,b.
//
// Threads:   one at a time.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/config_value.hpp"
#include "config/diagnostics.hpp"
#include "kvhost/result.hpp"

namespace kvhost::host {

struct SetArgument {
  std::string key;
  std::string value;
  // How messages name it: "--set node.id", "--http-addr".
  std::string origin;
  // Only where the key is absent or says "none".
  bool unless_chosen = false;
};

// Errors: INVALID_ARGUMENT for a text without `section.key=`.
Result<SetArgument> parse_set_argument(std::string_view text);
void apply_argument(const SetArgument& argument, ConfigValue& root, Diagnostics& diagnostics);

}  // namespace kvhost::host
