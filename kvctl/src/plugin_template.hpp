// The projects that `plugin new` makes, carried in the program.
//
// Threads:   pure functions.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kvhost/result.hpp"

namespace kvhost::kvctl {

struct TemplateFile {
  std::string_view path;  // in the project; @NAME@ is replaced in it, too
  std::string_view text;
};
// Made at build time from kvctl/templates.
std::span<const TemplateFile> compaction_template();
std::span<const TemplateFile> transport_template();
std::span<const TemplateFile> replication_template();
std::span<const TemplateFile> metrics_template();

struct ProjectFile {
  std::string path;
  std::string text;
};
// The files of a project. `kind` is compaction, transport, replication or metrics. INVALID_ARGUMENT for a kind that has no template, or a name that is no
// component's name.
Result<std::vector<ProjectFile>> new_plugin_project(std::string_view kind, std::string_view name);

}  // namespace kvhost::kvctl
