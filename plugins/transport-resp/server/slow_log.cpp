#include "server/slow_log.hpp"

#include <algorithm>

namespace kvhost::resp {

namespace {
constexpr std::size_t kMaxWords = 32;
constexpr std::size_t kMaxWordBytes = 128;
}  // namespace

std::vector<std::string> SlowLog::shortened(std::span<const std::string_view> words) {
  std::vector<std::string> kept;
  const std::size_t count = std::min(words.size(), kMaxWords);
  for (std::size_t i = 0; i < count; ++i) {
    if (i + 1 == kMaxWords && words.size() > kMaxWords) {
      kept.push_back("... (" + std::to_string(words.size() - kMaxWords + 1) + " more arguments)");
    } else if (words[i].size() > kMaxWordBytes) {
      kept.push_back(std::string(words[i].substr(0, kMaxWordBytes)) + "... (" +
                     std::to_string(words[i].size() - kMaxWordBytes) + " more bytes)");
    } else {
      kept.emplace_back(words[i]);
    }
  }
  return kept;
}

}  // namespace kvhost::resp
