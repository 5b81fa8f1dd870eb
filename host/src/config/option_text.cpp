#include "config/option_text.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "config/address.hpp"
#include "config/did_you_mean.hpp"
#include "config/units.hpp"

namespace kvhost::host {
namespace {

Status wrong(std::string text) { return {StatusCode::INVALID_ARGUMENT, std::move(text)}; }

template <typename Number>
Result<Number> parse_number(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc::result_out_of_range) return wrong("the number is too large");
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) {
    return wrong("it is no number");
  }
  return number;
}

Result<int64_t> parse_boolean(std::string_view text) {
  if (text == "true") return int64_t{1};
  if (text == "false") return int64_t{0};
  return wrong("it is neither true nor false");
}

std::vector<std::string> split_at_commas(std::string_view text) {
  std::vector<std::string> words;
  while (!text.empty()) {
    const auto comma = text.find(',');
    words.emplace_back(text.substr(0, comma));
    if (comma == std::string_view::npos) break;
    text.remove_prefix(comma + 1);
  }
  return words;
}

bool is_measured(OptionType type) {
  return type == OptionType::kInteger || type == OptionType::kSize ||
         type == OptionType::kDuration || type == OptionType::kNumber;
}

double magnitude(const OptionValue& value) {
  return value.type == OptionType::kNumber ? value.number : static_cast<double>(value.integer);
}

// Integers are compared as such: a double would round them.
bool less(const OptionValue& a, const OptionValue& b) {
  return a.type == OptionType::kNumber ? magnitude(a) < magnitude(b) : a.integer < b.integer;
}

}  // namespace

Result<OptionValue> parse_option_text(const OptionSchema& option, std::string_view text) {
  OptionValue value;
  value.type = option.type;
  value.is_set = true;
  switch (option.type) {
    case OptionType::kBoolean: {
      KVHOST_TRY_ASSIGN(value.integer, parse_boolean(text));
      break;
    }
    case OptionType::kInteger: {
      KVHOST_TRY_ASSIGN(value.integer, parse_number<int64_t>(text));
      break;
    }
    case OptionType::kNumber: {
      KVHOST_TRY_ASSIGN(value.number, parse_number<double>(text));
      if (!std::isfinite(value.number)) return wrong("it is no finite number");
      break;
    }
    case OptionType::kSize: {
      KVHOST_TRY_ASSIGN(value.integer, parse_size(text));
      break;
    }
    case OptionType::kDuration: {
      KVHOST_TRY_ASSIGN(value.integer, parse_duration(text));
      break;
    }
    case OptionType::kAddress: {
      KVHOST_TRY_ASSIGN(const auto address, parse_address(text));
      value.string = address.to_string();
      break;
    }
    case OptionType::kStrings:
      value.strings = split_at_commas(text);
      break;
    case OptionType::kTables:
      return wrong("an array of tables cannot be written as one word");
    case OptionType::kString:
    case OptionType::kChoice:
    case OptionType::kPath:
      value.string = text;
      break;
  }
  return value;
}

Status check_bounds(const OptionSchema& option, const OptionValue& value) {
  if (option.type == OptionType::kChoice) {
    const auto& names = option.choices;
    if (std::find(names.begin(), names.end(), value.string) != names.end()) return {};
    const auto meant = nearest_name(value.string, names);
    return wrong(meant.empty() ? "it is none of these" : "did you mean \"" + meant + "\"?");
  }
  if (!is_measured(option.type)) return {};
  if (!option.min_text.empty()) {
    KVHOST_TRY_ASSIGN(const auto least, parse_option_text(option, option.min_text));
    if (less(value, least)) return wrong("it is too small");
  }
  if (!option.max_text.empty()) {
    KVHOST_TRY_ASSIGN(const auto most, parse_option_text(option, option.max_text));
    if (less(most, value)) return wrong("it is too large");
  }
  return {};
}

std::string format_option_value(const OptionSchema& option, const OptionValue& value) {
  if (!value.is_set) return "";
  switch (option.type) {
    case OptionType::kBoolean:
      return value.integer != 0 ? "true" : "false";
    case OptionType::kInteger:
      return std::to_string(value.integer);
    case OptionType::kNumber: {
      char text[64];
      const auto [end, error] = std::to_chars(text, text + sizeof(text), value.number);
      return error == std::errc() ? std::string(text, end) : std::to_string(value.number);
    }
    case OptionType::kSize:
      return option.to_toml(format_size(value.integer));
    case OptionType::kDuration:
      return option.to_toml(format_duration(value.integer));
    case OptionType::kStrings: {
      std::string text;
      for (const auto& word : value.strings) {
        if (!text.empty()) text += ", ";
        text += toml_string(word);
      }
      return "[" + text + "]";
    }
    case OptionType::kTables: {
      std::string text;
      for (const auto& table : value.tables) {
        std::string members;
        for (const auto& member : option.nested) {
          const auto* found = table.find(member.path);
          if (found == nullptr || !found->is_set) continue;
          if (!members.empty()) members += ", ";
          members += member.path + " = " + format_option_value(member, *found);
        }
        if (!text.empty()) text += ", ";
        text += "{ " + members + " }";
      }
      return "[" + text + "]";
    }
    case OptionType::kString:
    case OptionType::kChoice:
    case OptionType::kAddress:
    case OptionType::kPath:
      return option.to_toml(value.string);
  }
  return "";
}

}  // namespace kvhost::host
