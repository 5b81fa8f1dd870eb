#include "logging/line_text.hpp"

#include <cstdint>

namespace kvhost::host {
namespace {

// The length of the well-formed UTF-8 sequence at the start of `text` (RFC 3629), or 0.
std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t first = byte(0);
  if (first < 0x80) return 1;
  std::size_t length = 0;
  uint8_t least = 0x80;
  uint8_t most = 0xBF;
  if (first >= 0xC2 && first <= 0xDF) {
    length = 2;
  } else if (first >= 0xE0 && first <= 0xEF) {
    length = 3;
    if (first == 0xE0) least = 0xA0;
    if (first == 0xED) most = 0x9F;
  } else if (first >= 0xF0 && first <= 0xF4) {
    length = 4;
    if (first == 0xF0) least = 0x90;
    if (first == 0xF4) most = 0x8F;
  }
  if (length == 0 || text.size() < length || byte(1) < least || byte(1) > most) return 0;
  for (std::size_t i = 2; i < length; ++i) {
    if (byte(i) < 0x80 || byte(i) > 0xBF) return 0;
  }
  return length;
}

constexpr char kHex[] = "0123456789abcdef";

// Calls `plain` for well-formed pieces and `odd` for control characters and stray bytes.
template <typename Plain, typename Odd>
void walk(std::string_view text, Plain plain, Odd odd) {
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    const auto first = static_cast<uint8_t>(text.front());
    if (length == 0 || (length == 1 && (first < 0x20 || first == 0x7F))) {
      odd(first);
      text.remove_prefix(1);
    } else {
      plain(text.substr(0, length));
      text.remove_prefix(length);
    }
  }
}

}  // namespace

std::string printable(std::string_view text) {
  std::string line;
  line.reserve(text.size());
  walk(
      text, [&](std::string_view piece) { line += piece; },
      [&](uint8_t byte) {
        if (byte == '\n') {
          line += "\\n";
        } else if (byte == '\t') {
          line += "\\t";
        } else {
          line += "\\x";
          line += kHex[byte >> 4];
          line += kHex[byte & 15];
        }
      });
  return line;
}

std::string json_string(std::string_view text) {
  std::string quoted = "\"";
  walk(
      text,
      [&](std::string_view piece) {
        if (piece == "\"" || piece == "\\") quoted += '\\';
        quoted += piece;
      },
      [&](uint8_t byte) {
        if (byte >= 0x80) {
          quoted += "\\ufffd";
        } else {
          quoted += "\\u00";
          quoted += kHex[byte >> 4];
          quoted += kHex[byte & 15];
        }
      });
  return quoted + "\"";
}

}  // namespace kvhost::host
