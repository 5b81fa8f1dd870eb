#include "text.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

namespace kvhost::kvctl {

namespace json = boost::json;

namespace {

constexpr std::string_view kDigits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

// The length of the UTF-8 sequence at the start of `bytes`; 0 when there is none.
std::size_t sequence_length(std::string_view bytes) {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
  const unsigned char lead = at(0);
  if (lead < 0x80) return 1;
  const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || bytes.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((at(i) & 0xc0) != 0x80) return 0;
  }
  if (lead == 0xe0 && at(1) < 0xa0) return 0;
  if (lead == 0xed && at(1) > 0x9f) return 0;
  if (lead == 0xf0 && at(1) < 0x90) return 0;
  if (lead == 0xf4 && at(1) > 0x8f) return 0;
  return length;
}

std::string number_text(double number, const char* unit) {
  std::array<char, 64> buffer{};
  const int length = std::snprintf(buffer.data(), buffer.size(), "%.1f %s", number, unit);
  return {buffer.data(), static_cast<std::size_t>(length)};
}

std::string scalar_text(const json::value& value) {
  if (value.is_string()) return printable(std::string_view(value.get_string()));
  if (!value.is_double()) return json::serialize(value);
  std::array<char, 32> buffer{};
  const int length = std::snprintf(buffer.data(), buffer.size(), "%g", value.get_double());
  return {buffer.data(), static_cast<std::size_t>(length)};
}

void flatten_into(const json::value& value, const std::string& path,
                  std::vector<std::vector<std::string>>& rows) {
  if (value.is_object() && !value.get_object().empty()) {
    for (const auto& member : value.get_object()) {
      const std::string name(member.key());
      flatten_into(member.value(), path.empty() ? name : path + "." + name, rows);
    }
  } else if (value.is_array() && !value.get_array().empty()) {
    for (std::size_t i = 0; i < value.get_array().size(); ++i) {
      flatten_into(value.get_array()[i], path + "[" + std::to_string(i) + "]", rows);
    }
  } else {
    rows.push_back({path, scalar_text(value)});
  }
}

}  // namespace

bool is_utf8(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::size_t length = sequence_length(bytes);
    if (length == 0) return false;
    bytes.remove_prefix(length);
  }
  return true;
}

std::string to_base64(std::string_view bytes) {
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - i);
    uint32_t group = 0;
    for (std::size_t j = 0; j < 3; ++j) {
      group = group << 8 | (j < count ? static_cast<unsigned char>(bytes[i + j]) : 0u);
    }
    for (std::size_t j = 0; j < 4; ++j) {
      text.push_back(j <= count ? kDigits[group >> (18 - 6 * j) & 63] : '=');
    }
  }
  return text;
}

std::optional<std::string> from_base64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  std::size_t padding = 0;
  while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=') ++padding;
  std::string bytes;
  uint32_t group = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::size_t digit = 0;
    if (i < text.size() - padding) {
      digit = kDigits.find(text[i]);
      if (digit == std::string_view::npos) return std::nullopt;
    }
    group = group << 6 | static_cast<uint32_t>(digit);
    if (i % 4 != 3) continue;
    for (int shift = 16; shift >= 0; shift -= 8) bytes.push_back(static_cast<char>(group >> shift));
    group = 0;
  }
  bytes.resize(bytes.size() - padding);
  return bytes;
}

std::string printable(std::string_view bytes) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string text;
  while (!bytes.empty()) {
    const auto byte = static_cast<unsigned char>(bytes[0]);
    const std::size_t length = sequence_length(bytes);
    if (length == 0 || byte < 0x20 || byte == 0x7f || byte == '\\') {
      text += {'\\', 'x', kHex[byte >> 4], kHex[byte & 15]};
      bytes.remove_prefix(1);
    } else {
      text += bytes.substr(0, length);
      bytes.remove_prefix(length);
    }
  }
  return text;
}

std::size_t display_width(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  }));
}

std::string human_bytes(uint64_t bytes) {
  if (bytes < 1024) return std::to_string(bytes) + " B";
  static constexpr std::array<const char*, 5> kUnits = {"KiB", "MiB", "GiB", "TiB", "PiB"};
  double number = static_cast<double>(bytes) / 1024;
  std::size_t unit = 0;
  while (number >= 1024 && unit + 1 < kUnits.size()) {
    number /= 1024;
    ++unit;
  }
  return number_text(number, kUnits[unit]);
}

std::string human_duration(uint64_t ms) {
  if (ms < 1000) return std::to_string(ms) + "ms";
  if (ms % 1000 == 0) return std::to_string(ms / 1000) + "s";
  std::array<char, 32> buffer{};
  const int length =
      std::snprintf(buffer.data(), buffer.size(), "%.3fs", static_cast<double>(ms) / 1000);
  return {buffer.data(), static_cast<std::size_t>(length)};
}

void put_bytes(json::object& object, const std::string& name, std::string_view bytes) {
  if (is_utf8(bytes)) {
    object[name] = json::string(bytes);
  } else {
    object[name + "_base64"] = to_base64(bytes);
  }
}

std::optional<std::string> take_bytes(const json::object& object, const std::string& name) {
  if (const auto* text = object.if_contains(name); text != nullptr && text->is_string()) {
    return std::string(text->get_string());
  }
  const auto* coded = object.if_contains(name + "_base64");
  if (coded == nullptr || !coded->is_string()) return std::nullopt;
  return from_base64(std::string_view(coded->get_string()));
}

json::object entry_json(const client::Entry& entry, bool with_value) {
  json::object object;
  put_bytes(object, "key", entry.key);
  if (with_value) put_bytes(object, "value", entry.value);
  object["version"] = entry.version;
  if (entry.ttl_ms % 1000 != 0) {
    object["ttl"] = static_cast<double>(entry.ttl_ms) / 1000;
  } else if (entry.ttl_ms != 0) {
    object["ttl"] = entry.ttl_ms / 1000;
  }
  return object;
}

std::string table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], display_width(row[i]));
    }
  }
  std::string text;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += row[i] + std::string(widths[i] - display_width(row[i]) + 2, ' ');
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + '\n';
  }
  return text;
}

std::vector<std::vector<std::string>> flatten(const json::value& value) {
  std::vector<std::vector<std::string>> rows;
  flatten_into(value, "", rows);
  return rows;
}

std::string flat_text(const json::value& value) {
  std::string text;
  for (const auto& row : flatten(value)) {
    text += row[0].empty() ? row[1] + "\n" : row[0] + ": " + row[1] + "\n";
  }
  return text;
}

}  // namespace kvhost::kvctl
