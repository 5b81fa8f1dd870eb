#include "plugin/plugin_words.hpp"

#include <algorithm>
#include <cstddef>
#include <string>

namespace kvhost::host {

std::string_view error_text(const kvh_error* error) {
  if (error == nullptr || error->size < offsetof(kvh_error, text)) return {};
  const uint64_t room =
      std::min<uint64_t>(error->size - offsetof(kvh_error, text), KVH_ERROR_TEXT_CAPACITY);
  return {error->text, static_cast<std::size_t>(std::min<uint64_t>(error->text_size, room))};
}

Status plugin_words(int32_t code, const kvh_error* error) {
  if (code == KVH_OK) return {};
  if (code < 0 || static_cast<std::size_t>(code) >= kStatusTable.size()) {
    return {StatusCode::PLUGIN_ERROR, "the plugin returned status " + std::to_string(code) +
                                          ", which no host knows; this is a bug of the plugin"};
  }
  const auto known = static_cast<StatusCode>(code);
  const std::string_view text = error_text(error);
  if (!text.empty()) return {known, std::string(text)};
  return {known, std::string(status_info(known).name) +
                     ", without a word of why; this is a bug of the plugin"};
}

}  // namespace kvhost::host
