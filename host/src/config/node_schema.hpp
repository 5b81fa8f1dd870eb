// The host's own sections of node.toml, declared with the same words as a plugin's options.
//
// Threads:   any; built once.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/option_schema.hpp"

namespace kvhost::host {

struct SectionSchema {
  std::string name;
  std::string doc;
  Schema options;
};

// [node], [engine], [security].
const std::vector<SectionSchema>& host_sections();
const Schema& section_schema(std::string_view name);

// A section that names a component: its kind, and the one key beside `options`.
struct ComponentSection {
  std::string name;  // "compaction"
  std::string doc;
  std::string kind;  // "kvhost.compaction/1"
  bool repeated;     // [[transport]]
  bool may_be_none;  // plugin = "none" goes without
  // Keys of the host's own beside `plugin` and `options`.
  Schema own_options;
};
const std::vector<ComponentSection>& component_sections();
const ComponentSection& component_section(std::string_view name);

// Keys of [security] that a later version will know.
const std::vector<std::string>& reserved_security_keys();

}  // namespace kvhost::host
