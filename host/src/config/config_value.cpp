#include "config/config_value.hpp"

#include <utility>

namespace kvhost::host {

const ConfigValue* ConfigValue::find(std::string_view key) const {
  for (const auto& member : members) {
    if (member.key == key) return &member.value;
  }
  return nullptr;
}

ConfigValue* ConfigValue::find(std::string_view key) {
  return const_cast<ConfigValue*>(std::as_const(*this).find(key));
}

ConfigValue& ConfigValue::set(std::string key, SourcePlace key_place, ConfigValue value) {
  for (auto& member : members) {
    if (member.key != key) continue;
    member.place = std::move(key_place);
    member.value = std::move(value);
    return member.value;
  }
  members.push_back({std::move(key), std::move(key_place), std::move(value)});
  return members.back().value;
}

namespace {

std::string shortened(const std::string& text) {
  constexpr std::size_t kLongest = 60;
  return text.size() <= kLongest ? text : text.substr(0, kLongest) + "…";
}

std::string number_text(double number) {
  std::string text = std::to_string(number);
  while (text.back() == '0') text.pop_back();
  if (text.back() == '.') text += '0';
  return text;
}

}  // namespace

std::string ConfigValue::describe() const {
  switch (type) {
    case ConfigType::kString:
      return "\"" + shortened(text) + "\" (a string)";
    case ConfigType::kInteger:
      return std::to_string(integer) + " (an integer)";
    case ConfigType::kNumber:
      return number_text(number) + " (a number)";
    case ConfigType::kBoolean:
      return std::string(boolean ? "true" : "false") + " (a boolean)";
    case ConfigType::kDate:
      return shortened(text) + " (a date or time)";
    case ConfigType::kArray:
      return "an array";
    case ConfigType::kTable:
      return "a table";
  }
  return "something else";
}

}  // namespace kvhost::host
