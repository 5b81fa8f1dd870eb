// Options for a component in a file of their own, as paths and texts.
#include "kvhost/host/option_file.hpp"

#include <cstdio>

#include "config/config_file.hpp"

namespace kvhost::host {
namespace {

std::string scalar_text(const ConfigValue& value) {
  if (value.type == ConfigType::kBoolean) return value.boolean ? "true" : "false";
  if (value.type == ConfigType::kInteger) return std::to_string(value.integer);
  if (value.type != ConfigType::kNumber) return value.text;
  char text[32];
  std::snprintf(text, sizeof(text), "%.17g", value.number);
  return text;
}

void flatten(const ConfigValue& value, const std::string& path, OptionTexts& texts) {
  if (value.type == ConfigType::kTable) {
    for (const auto& member : value.members) {
      flatten(member.value, path.empty() ? member.key : path + "." + member.key, texts);
    }
  } else if (value.type == ConfigType::kArray) {
    for (std::size_t i = 0; i < value.items.size(); ++i) {
      flatten(value.items[i], path + "[" + std::to_string(i) + "]", texts);
    }
  } else {
    texts[path] = scalar_text(value);
  }
}

}  // namespace

Result<OptionTexts> read_option_file(const std::string& path) {
  KVHOST_TRY_ASSIGN(const ConfigValue file, read_config_file(path));
  OptionTexts texts;
  flatten(file, {}, texts);
  return texts;
}

}  // namespace kvhost::host
