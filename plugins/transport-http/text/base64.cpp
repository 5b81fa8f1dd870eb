#include "text/base64.hpp"

#include <array>
#include <cstdint>

namespace kvhost::http {
namespace {

constexpr std::string_view kStandard =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kUrl =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

constexpr std::array<int8_t, 256> inverse(std::string_view alphabet) {
  std::array<int8_t, 256> values{};
  for (auto& value : values) value = -1;
  for (std::size_t i = 0; i < alphabet.size(); ++i) {
    values[static_cast<unsigned char>(alphabet[i])] = static_cast<int8_t>(i);
  }
  return values;
}
constexpr auto kStandardValues = inverse(kStandard);
constexpr auto kUrlValues = inverse(kUrl);

void append_encoded(std::string& out, std::string_view bytes, std::string_view alphabet, bool pad) {
  out.reserve(out.size() + (bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t have = bytes.size() - i < 3 ? bytes.size() - i : 3;
    uint32_t group = 0;
    for (std::size_t j = 0; j < 3; ++j) {
      group = group << 8 | (j < have ? static_cast<unsigned char>(bytes[i + j]) : 0u);
    }
    for (std::size_t j = 0; j < 4; ++j) {
      if (j <= have) {
        out.push_back(alphabet[group >> (18 - 6 * j) & 63]);
      } else if (pad) {
        out.push_back('=');
      }
    }
  }
}

std::optional<std::string> decode(std::string_view text, const std::array<int8_t, 256>& values) {
  for (int i = 0; i < 2 && !text.empty() && text.back() == '='; ++i) text.remove_suffix(1);
  if (text.size() % 4 == 1) return std::nullopt;
  std::string bytes;
  bytes.reserve(text.size() / 4 * 3 + 2);
  uint32_t group = 0;
  unsigned bits = 0;
  for (const char c : text) {
    const int8_t value = values[static_cast<unsigned char>(c)];
    if (value < 0) return std::nullopt;
    group = group << 6 | static_cast<uint32_t>(value);
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes.push_back(static_cast<char>(group >> bits & 0xff));
  }
  return bytes;
}

}  // namespace

void append_base64(std::string& out, std::string_view bytes) {
  append_encoded(out, bytes, kStandard, true);
}
std::optional<std::string> decode_base64(std::string_view text) {
  return decode(text, kStandardValues);
}
std::string encode_base64url(std::string_view bytes) {
  std::string out;
  append_encoded(out, bytes, kUrl, false);
  return out;
}
std::optional<std::string> decode_base64url(std::string_view text) {
  return decode(text, kUrlValues);
}

}  // namespace kvhost::http
