// validate_options of option_values.hpp: a table against its schema.
#include <filesystem>
#include <string>
#include <vector>

#include "config/did_you_mean.hpp"
#include "config/option_text.hpp"
#include "config/option_values.hpp"
#include "config/units.hpp"

namespace kvhost::host {
namespace {

std::string absolute_path(const std::string& path, const std::string& base) {
  if (path.empty()) return path;
  auto absolute = (std::filesystem::path(base) / path).lexically_normal().string();
  if (absolute.size() > 1 && absolute.ends_with('/')) absolute.pop_back();
  return absolute;
}

// What somebody who wrote a bare number for a size or duration probably meant.
std::string measured_guess(const OptionSchema& option, int64_t number) {
  const bool is_size = option.type == OptionType::kSize;
  std::vector<std::string> guesses;
  const std::string digits = std::to_string(number);
  if (is_size) {
    if (number >= 1024) guesses.push_back(format_size(number));
    for (const char* unit : {"KiB", "MiB", "GiB", "B"}) guesses.push_back(digits + unit);
  } else {
    for (const char* unit : {"s", "ms", "m", "h"}) guesses.push_back(digits + unit);
  }
  // Without bounds the first guess is nothing but a guess.
  for (const auto& guess : guesses) {
    const auto parsed = parse_option_text(option, guess);
    if (parsed && check_bounds(option, *parsed)) return guess;
  }
  return {};
}

// `Write memtable_size = "12MiB"?`, or nothing.
std::string suggestion(const OptionSchema& option, const ConfigValue& found) {
  std::string written;
  if (option.secret) return {};
  if (found.type == ConfigType::kInteger &&
      (option.type == OptionType::kSize || option.type == OptionType::kDuration)) {
    const auto guess = measured_guess(option, found.integer);
    if (!guess.empty()) written = toml_string(guess);
  } else if (found.type == ConfigType::kString &&
             (option.type == OptionType::kBoolean || option.type == OptionType::kInteger ||
              option.type == OptionType::kNumber)) {
    const auto parsed = parse_option_text(option, found.text);
    if (parsed && check_bounds(option, *parsed)) written = found.text;
  } else if (found.type == ConfigType::kString && option.type == OptionType::kStrings) {
    written = "[" + toml_string(found.text) + "]";
  } else if (option.type == OptionType::kString && found.type == ConfigType::kInteger) {
    written = toml_string(std::to_string(found.integer));
  }
  if (written.empty()) return {};
  return " Write " + option.path + " = " + written + "?";
}

class Validator {
 public:
  Validator(const ValueContext& context, Diagnostics& diagnostics)
      : context_(context), diagnostics_(diagnostics) {}

  OptionValues table_values(const Schema& schema, const ConfigValue* table,
                            const std::string& above, const SourcePlace& place) {
    OptionValues values;
    if (table != nullptr) check_unknown(schema, *table, "", above);
    for (const auto& option : schema) {
      const auto* found = table == nullptr ? nullptr : find_path(*table, option.path);
      values.put(option.path, found == nullptr ? absent_value(option, above, place)
                                               : given_value(option, *found, above));
    }
    return values;
  }

 private:
  void complain(const SourcePlace& place, const std::string& path, const std::string& text) {
    diagnostics_.add(place, context_.section + " " + path + ": " + text);
  }

  static const ConfigValue* find_path(const ConfigValue& table, std::string_view path) {
    const auto dot = path.find('.');
    if (dot == std::string_view::npos) return table.find(path);
    const auto* inner = table.find(path.substr(0, dot));
    if (inner == nullptr || inner->type != ConfigType::kTable) return nullptr;
    return find_path(*inner, path.substr(dot + 1));
  }

  void check_unknown(const Schema& schema, const ConfigValue& table, const std::string& prefix,
                     const std::string& above) {
    for (const auto& member : table.members) {
      const std::string path = prefix + member.key;
      if (find_option(schema, path) != nullptr) continue;
      std::vector<std::string> known;
      bool is_prefix = false;
      for (const auto& option : schema) {
        known.push_back(option.path);
        is_prefix = is_prefix || option.path.starts_with(path + ".");
      }
      if (is_prefix && member.value.type == ConfigType::kTable) {
        check_unknown(schema, member.value, path + ".", above);
      } else if (is_prefix) {
        complain(member.value.place, above + path,
                 "expected a table, found " + member.value.describe() + ".");
      } else {
        complain(member.place, above + path, unknown_key_text(path, known));
      }
    }
  }

  static std::string unknown_key_text(const std::string& path,
                                      const std::vector<std::string>& known) {
    const auto meant = nearest_name(path, known);
    if (!meant.empty()) return "unknown key. Did you mean " + meant + "?";
    if (known.empty()) return "unknown key. There are no options here.";
    std::string names;
    for (const auto& name : known) names += (names.empty() ? "" : ", ") + name;
    return "unknown key. Known keys are " + names + ".";
  }

  OptionValue absent_value(const OptionSchema& option, const std::string& above,
                           const SourcePlace& place) {
    if (option.required) {
      complain(place, above + option.path, "missing; expected " + option.expected() + ".");
    }
    return default_value(option);
  }

  OptionValue default_value(const OptionSchema& option) const {
    OptionValue value;
    value.type = option.type;
    if (option.type == OptionType::kStrings || option.type == OptionType::kTables) {
      value.is_set = !option.default_text.empty();
    }
    if (option.default_text.empty()) return value;
    // read_schema has checked that defaults parse.
    if (auto parsed = parse_option_text(option, option.default_text)) value = std::move(*parsed);
    if (option.type == OptionType::kPath) {
      value.string = absolute_path(value.string, context_.base_directory);
    }
    return value;
  }

  OptionValue given_value(const OptionSchema& option, const ConfigValue& found,
                          const std::string& above) {
    auto value = read_value(option, found, above);
    if (!value) {
      std::string reason = value.error().message();
      reason = reason == kWrongType ? "" : ": " + reason;
      if (!reason.ends_with('?')) reason += '.';
      complain(found.place, above + option.path,
               "expected " + option.expected() + ", found " + described(option, found) + reason +
                   suggestion(option, found));
      return default_value(option);
    }
    value->place = found.place;
    value->given = true;
    value->is_set = true;
    return std::move(*value);
  }

  static std::string described(const OptionSchema& option, const ConfigValue& found) {
    if (option.secret) return "something else (not shown, because it is secret)";
    if (found.place.command_line && !found.text.empty()) return "\"" + found.text + "\"";
    return found.describe();
  }

  Result<OptionValue> read_value(const OptionSchema& option, const ConfigValue& found,
                                 const std::string& above) {
    if (option.type == OptionType::kTables) return read_tables(option, found, above);
    if (option.type == OptionType::kStrings && found.type == ConfigType::kArray) {
      return read_strings(option, found);
    }
    KVHOST_TRY_ASSIGN(auto value, read_scalar(option, found));
    KVHOST_TRY(check_bounds(option, value));
    if (option.type == OptionType::kPath) {
      value.string =
          absolute_path(value.string, found.place.command_line ? context_.command_line_directory
                                                               : context_.base_directory);
    }
    return value;
  }

  static Status wrong_type() { return {StatusCode::INVALID_ARGUMENT, kWrongType}; }

  static Result<OptionValue> read_scalar(const OptionSchema& option, const ConfigValue& found) {
    if (found.place.command_line && found.type != ConfigType::kArray &&
        found.type != ConfigType::kTable) {
      // The original's --max-mem-size counts bytes.
      if (option.type == OptionType::kSize && found.type == ConfigType::kInteger) {
        return parse_option_text(option, found.text + "B");
      }
      return parse_option_text(option, found.text);
    }
    OptionValue value;
    value.type = option.type;
    switch (option.type) {
      case OptionType::kBoolean:
        if (found.type != ConfigType::kBoolean) return wrong_type();
        value.integer = found.boolean ? 1 : 0;
        return value;
      case OptionType::kInteger:
        if (found.type != ConfigType::kInteger) return wrong_type();
        value.integer = found.integer;
        return value;
      case OptionType::kNumber:
        if (found.type != ConfigType::kNumber && found.type != ConfigType::kInteger) {
          return wrong_type();
        }
        value.number =
            found.type == ConfigType::kNumber ? found.number : static_cast<double>(found.integer);
        return value;
      case OptionType::kStrings:
      case OptionType::kTables:
        return wrong_type();
      default:
        if (found.type != ConfigType::kString) return wrong_type();
        return parse_option_text(option, found.text);
    }
  }

  static Result<OptionValue> read_strings(const OptionSchema& option, const ConfigValue& found) {
    OptionValue value;
    value.type = option.type;
    for (std::size_t i = 0; i < found.items.size(); ++i) {
      const auto& item = found.items[i];
      if (item.type != ConfigType::kString) {
        return Status(StatusCode::INVALID_ARGUMENT,
                      "element " + std::to_string(i + 1) + " is " + item.describe());
      }
      value.strings.push_back(item.text);
    }
    return value;
  }

  Result<OptionValue> read_tables(const OptionSchema& option, const ConfigValue& found,
                                  const std::string& above) {
    if (found.type != ConfigType::kArray) return wrong_type();
    OptionValue value;
    value.type = option.type;
    for (std::size_t i = 0; i < found.items.size(); ++i) {
      const auto& item = found.items[i];
      const std::string path = above + option.path + "[" + std::to_string(i) + "]";
      if (item.type != ConfigType::kTable) {
        complain(item.place, path, "expected a table, found " + item.describe() + ".");
        continue;
      }
      value.tables.push_back(table_values(option.nested, &item, path + ".", item.place));
    }
    return value;
  }

  static constexpr const char* kWrongType = "wrong type";
  const ValueContext& context_;
  Diagnostics& diagnostics_;
};

}  // namespace

OptionValues validate_options(const Schema& schema, const ConfigValue* table,
                              const ValueContext& context, const SourcePlace& section_place,
                              Diagnostics& diagnostics) {
  return Validator(context, diagnostics).table_values(schema, table, "", section_place);
}

}  // namespace kvhost::host
