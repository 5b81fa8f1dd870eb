#include "plugin_template.hpp"

#include <algorithm>
#include <cctype>

namespace kvhost::kvctl {

namespace {

// "size-tiered" becomes "SizeTiered".
std::string class_name(std::string_view name) {
  std::string result;
  bool starts_word = true;
  for (const char c : name) {
    if (c == '-') {
      starts_word = true;
      continue;
    }
    result += starts_word ? static_cast<char>(std::toupper(static_cast<unsigned char>(c))) : c;
    starts_word = false;
  }
  return result;
}

std::string replaced(std::string_view text, std::string_view name) {
  std::string identifier(name);
  std::replace(identifier.begin(), identifier.end(), '-', '_');
  const std::pair<std::string_view, std::string> marks[] = {
      {"@NAME@", std::string(name)}, {"@CLASS@", class_name(name)}, {"@IDENTIFIER@", identifier}};
  std::string result(text);
  for (const auto& [mark, value] : marks) {
    for (std::size_t at = result.find(mark); at != std::string::npos;
         at = result.find(mark, at + value.size())) {
      result.replace(at, mark.size(), value);
    }
  }
  return result;
}

struct Template {
  std::string_view kind;
  std::span<const TemplateFile> (*files)();
};
constexpr Template kTemplates[] = {{"compaction", &compaction_template},
                                   {"transport", &transport_template},
                                   {"replication", &replication_template},
                                   {"metrics", &metrics_template}};

bool is_component_name(std::string_view name) {
  return !name.empty() && name.size() <= 64 && name[0] >= 'a' && name[0] <= 'z' &&
         name.back() != '-' && std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
         });
}

}  // namespace

Result<std::vector<ProjectFile>> new_plugin_project(std::string_view kind, std::string_view name) {
  const auto* const found = std::find_if(std::begin(kTemplates), std::end(kTemplates),
                                         [&](const Template& one) { return one.kind == kind; });
  if (found == std::end(kTemplates)) {
    return Status(StatusCode::INVALID_ARGUMENT,
                  "there is no kind of plugins \"" + std::string(kind) +
                      "\"; expected compaction, transport, replication or metrics");
  }
  if (!is_component_name(name)) {
    return Status(StatusCode::INVALID_ARGUMENT,
                  "\"" + std::string(name) +
                      "\" is no component's name: a-z, 0-9 and -, at most 64, a letter first");
  }
  std::vector<ProjectFile> files;
  for (const auto& file : found->files()) {
    files.push_back({replaced(file.path, name), replaced(file.text, name)});
  }
  return files;
}

}  // namespace kvhost::kvctl
