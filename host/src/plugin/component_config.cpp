#include "plugin/component_config.hpp"

#include <charconv>
#include <cstring>
#include <optional>
#include <string>

#include "kvhost/detail/boundary.hpp"

namespace kvhost::host {
namespace {

using detail::to_bytes;
using detail::to_view;

// Splits "peers[0].id" into "peers", 0 and "id".
struct ElementPath {
  std::string_view array;
  std::size_t index = 0;
  std::string_view member;
};

std::optional<ElementPath> parse_element(std::string_view path) {
  const auto open = path.find('[');
  const auto close = path.find(']', open == std::string_view::npos ? 0 : open);
  if (open == std::string_view::npos || close == std::string_view::npos) return std::nullopt;
  ElementPath element;
  element.array = path.substr(0, open);
  const auto digits = path.substr(open + 1, close - open - 1);
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), element.index);
  if (digits.empty() || error != std::errc() || end != digits.data() + digits.size()) {
    return std::nullopt;
  }
  element.member = path.substr(close + 1);
  if (!element.member.empty() && !element.member.starts_with('.')) return std::nullopt;
  if (!element.member.empty()) element.member.remove_prefix(1);
  return element;
}

}  // namespace

ComponentConfig::ComponentConfig(const OptionValues& values, const ValueContext& context,
                                 Diagnostics& diagnostics)
    : values_(values), context_(context), diagnostics_(diagnostics), table_() {
  table_.size = sizeof(table_);
  table_.self = this;
  table_.get = &ComponentConfig::get;
  table_.fail = &ComponentConfig::fail;
}

ComponentConfig::Found ComponentConfig::find(std::string_view path) const {
  const OptionValues* values = &values_;
  while (true) {
    const auto element = parse_element(path);
    if (!element) return {values->find(path), nullptr};
    const auto* array = values->find(element->array);
    if (array == nullptr) return {};
    if (array->type == OptionType::kStrings) {
      const bool is_there = element->member.empty() && element->index < array->strings.size();
      return is_there ? Found{array, &array->strings[element->index]} : Found{};
    }
    if (element->index >= array->tables.size() || element->member.empty()) return {};
    values = &array->tables[element->index];
    path = element->member;
  }
}

int32_t ComponentConfig::get(void* self, kvh_bytes path, kvh_value* out) noexcept {
  return detail::guarded(nullptr, "config", [&]() -> int32_t {
    const auto found = static_cast<ComponentConfig*>(self)->find(to_view(path));
    if (found.value == nullptr) return KVH_INVALID_ARGUMENT;
    const auto& value = *found.value;
    kvh_value answer{};
    answer.size = sizeof(answer);
    answer.type =
        static_cast<uint32_t>(found.element == nullptr ? value.type : OptionType::kString);
    answer.line = value.place.line;
    answer.is_set = value.is_set ? 1 : 0;
    answer.number = value.number;
    answer.string = to_bytes(found.element == nullptr ? value.string : *found.element);
    answer.integer = value.integer;
    if (found.element == nullptr && value.type == OptionType::kStrings) {
      answer.integer = static_cast<int64_t>(value.strings.size());
    } else if (value.type == OptionType::kTables) {
      answer.integer = static_cast<int64_t>(value.tables.size());
    }
    // A plugin built for an older, shorter kvh_value gets what it has room for.
    const uint32_t room = out->size < sizeof(answer) ? out->size : sizeof(answer);
    std::memcpy(out, &answer, room);
    out->size = room;
    return KVH_OK;
  });
}

// The place of the value, or of the nearest array above it.
SourcePlace ComponentConfig::place_of(std::string_view path) const {
  while (!path.empty()) {
    const auto found = find(path);
    if (found.value != nullptr) return found.value->place;
    const auto cut = path.find_last_of("[.");
    if (cut == std::string_view::npos) break;
    path = path.substr(0, cut);
  }
  return {};
}

void ComponentConfig::fail(void* self, kvh_bytes path, kvh_bytes text) noexcept {
  detail::swallowed([&] {
    auto* config = static_cast<ComponentConfig*>(self);
    ++config->failures_;
    config->diagnostics_.add(config->place_of(to_view(path)),
                             config->context_.section + " " + std::string(to_view(path)) + ": " +
                                 std::string(to_view(text)));
  });
}

}  // namespace kvhost::host
