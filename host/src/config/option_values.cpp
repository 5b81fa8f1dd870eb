#include "config/option_values.hpp"

#include <cstdio>
#include <cstdlib>

namespace kvhost::host {

bool OptionValue::same_as(const OptionValue& other) const {
  if (type != other.type || is_set != other.is_set || integer != other.integer ||
      number != other.number || string != other.string || strings != other.strings ||
      tables.size() != other.tables.size()) {
    return false;
  }
  for (std::size_t i = 0; i < tables.size(); ++i) {
    if (!tables[i].same_as(other.tables[i])) return false;
  }
  return true;
}

const OptionValue* OptionValues::find(std::string_view path) const {
  const auto found = values_.find(path);
  return found == values_.end() ? nullptr : &found->second;
}

const OptionValue& OptionValues::at(std::string_view path) const {
  const auto* value = find(path);
  if (value == nullptr) {
    std::fprintf(stderr, "kvhost: option \"%.*s\" was asked for but is not declared\n",
                 static_cast<int>(path.size()), path.data());
    std::abort();
  }
  return *value;
}

void OptionValues::put(std::string path, OptionValue value) {
  values_.insert_or_assign(std::move(path), std::move(value));
}

bool OptionValues::same_as(const OptionValues& other) const {
  return changed_options(*this, other).empty();
}

std::vector<std::string> changed_options(const OptionValues& before, const OptionValues& after) {
  std::vector<std::string> changed;
  for (const auto& [path, value] : after.all()) {
    const auto* old = before.find(path);
    if (old == nullptr || !old->same_as(value)) changed.push_back(path);
  }
  for (const auto& [path, value] : before.all()) {
    if (after.find(path) == nullptr) changed.push_back(path);
  }
  return changed;
}

}  // namespace kvhost::host
