#include "config/config_file.hpp"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <memory>
#include <sstream>
#include <stdexcept>

// TOML++ 3.3 asserts on some malformed texts ("[=]") instead of refusing them, and with NDEBUG
// takes the asserted for granted. A file that somebody wrote must not end the process either way:
// here a failed assertion is thrown, and caught below.
#undef NDEBUG
namespace {
struct ParserSurprise : std::logic_error {
  using std::logic_error::logic_error;
};
[[noreturn]] void throw_surprise(const char* expression) { throw ParserSurprise(expression); }
}  // namespace
#define TOML_ASSERT(expr) ((expr) ? static_cast<void>(0) : throw_surprise(#expr))
#define TOML_EXCEPTIONS 0
#define TOML_HEADER_ONLY 0
#define TOML_IMPLEMENTATION
#if defined(__GNUC__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wall"
#pragma GCC diagnostic ignored "-Wextra"
#endif
#include <toml++/toml.h>
#if defined(__GNUC__)
#pragma GCC diagnostic pop
#endif

namespace kvhost::host {
namespace {

using Source = std::shared_ptr<const std::string>;

SourcePlace place_of(const toml::source_region& region, const Source& source) {
  return {source, region.begin.line, region.begin.column, false};
}

// TOML++ limits how deep brackets may nest, and too_deep_line() how deep keys may, so this
// recursion ends.
ConfigValue convert(const toml::node& node, const Source& source) {
  ConfigValue value;
  value.place = place_of(node.source(), source);
  if (const auto* table = node.as_table()) {
    value.type = ConfigType::kTable;
    for (const auto& [key, child] : *table) {
      value.members.push_back(
          {std::string(key.str()), place_of(key.source(), source), convert(child, source)});
    }
    // TOML++ sorts by name; messages and lists follow the file.
    std::stable_sort(value.members.begin(), value.members.end(),
                     [](const ConfigMember& a, const ConfigMember& b) {
                       return std::pair(a.place.line, a.place.column) <
                              std::pair(b.place.line, b.place.column);
                     });
  } else if (const auto* array = node.as_array()) {
    value.type = ConfigType::kArray;
    for (const auto& child : *array) value.items.push_back(convert(child, source));
  } else if (const auto* string = node.as_string()) {
    value.type = ConfigType::kString;
    value.text = string->get();
  } else if (const auto* integer = node.as_integer()) {
    value.type = ConfigType::kInteger;
    value.integer = integer->get();
  } else if (const auto* number = node.as_floating_point()) {
    value.type = ConfigType::kNumber;
    value.number = number->get();
  } else if (const auto* boolean = node.as_boolean()) {
    value.type = ConfigType::kBoolean;
    value.boolean = boolean->get();
  } else {
    value.type = ConfigType::kDate;
    std::ostringstream text;
    if (const auto* date = node.as_date()) text << date->get();
    if (const auto* time = node.as_time()) text << time->get();
    if (const auto* both = node.as_date_time()) text << both->get();
    value.text = text.str();
  }
  return value;
}

void set_places(ConfigValue& value, const SourcePlace& place) {
  value.place = place;
  for (auto& item : value.items) set_places(item, place);
  for (auto& member : value.members) {
    member.place = place;
    set_places(member.value, place);
  }
}

}  // namespace

namespace {

bool is_surprising(std::string_view text) {
  try {
    (void)toml::parse(text);
    return false;
  } catch (const ParserSurprise&) {
    return true;
  }
}

// The first line with a key of more parts than any configuration has, or 0. Such a key is a table
// in a table in a table, and taking that apart needs as deep a stack. Strings are not told from
// keys: one with a thousand dotted words is refused, too.
uint32_t too_deep_line(std::string_view text) {
  constexpr int kMostParts = 1000;
  uint32_t line = 1;
  int parts = 0;
  bool in_part = false;
  for (const char c : text) {
    const bool is_space = c == ' ' || c == '\t';
    if (c == '\n') ++line;
    if (c == '.') {
      if (in_part && ++parts > kMostParts) return line;
      in_part = false;
    } else if (std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-' || c == '"' ||
               c == '\'') {
      in_part = true;
    } else if (!is_space) {
      parts = 0;
      in_part = false;
    }
  }
  return 0;
}

// The first line with which a text surprises the parser; 0 for a text too long to look for it.
uint32_t surprising_line(std::string_view text) {
  constexpr std::size_t kLongest = 256 << 10;
  if (text.size() > kLongest) return 0;
  uint32_t line = 1;
  for (auto end = text.find('\n'); end != std::string_view::npos; end = text.find('\n', end + 1)) {
    if (is_surprising(text.substr(0, end))) return line;
    ++line;
  }
  return line;
}

}  // namespace

Result<ConfigValue> parse_config_text(std::string_view text, std::string_view source_name) {
  auto source = std::make_shared<const std::string>(source_name);
  if (const uint32_t line = too_deep_line(text); line != 0) {
    const SourcePlace place{source, line, 0, false};
    return Status(StatusCode::CONFIG_ERROR,
                  place.to_string() + ": a key of more than 1000 parts; expected section.key");
  }
  toml::parse_result parsed;
  try {
    parsed = toml::parse(text);
  } catch (const ParserSurprise&) {
    const SourcePlace place{source, surprising_line(text), 0, false};
    return Status(StatusCode::CONFIG_ERROR,
                  place.to_string() + ": this is no valid TOML: expected key = value or [section]");
  }
  if (!parsed) {
    const auto& error = parsed.error();
    const SourcePlace place = place_of(error.source(), source);
    return Status(StatusCode::CONFIG_ERROR, place.to_string() + ": this is no valid TOML: " +
                                                std::string(error.description()));
  }
  return convert(parsed.table(), source);
}

Result<ConfigValue> read_config_file(const std::string& path) {
  constexpr std::size_t kLargest = std::size_t{4} << 20;
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    return Status(StatusCode::CONFIG_ERROR,
                  path + ": the configuration file cannot be opened: " + std::strerror(errno) +
                      ". Give the path of a node.toml to --config, or leave --config away for the "
                      "built-in default");
  }
  std::string text(kLargest + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad() || (file.fail() && !file.eof())) {
    return Status(StatusCode::CONFIG_ERROR,
                  path + ": the configuration file cannot be read: " + std::strerror(errno));
  }
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > kLargest) {
    return Status(StatusCode::CONFIG_ERROR,
                  path + ": the file is larger than 4 MiB; a node's configuration is not");
  }
  return parse_config_text(text, path);
}

ConfigValue parse_argument_value(std::string_view text, const SourcePlace& place) {
  ConfigValue value;
  value.type = ConfigType::kString;
  value.text = text;
  // A newline could smuggle further keys in: such an argument is a bare string.
  if (text.find('\n') == std::string_view::npos && too_deep_line(text) == 0) {
    try {
      const toml::parse_result parsed = toml::parse("v = " + std::string(text));
      const auto* node = parsed ? parsed.table().get("v") : nullptr;
      if (node != nullptr) value = convert(*node, place.source);
    } catch (const ParserSurprise&) {
      value.type = ConfigType::kString;
    }
    if (value.type != ConfigType::kString) value.text = text;
  }
  set_places(value, place);
  return value;
}

}  // namespace kvhost::host
