#include "state/state_names.hpp"

#include <charconv>

#include "base/hash.hpp"

namespace kvhost::engine {
namespace {

constexpr std::string_view kPrefix = "state-";
constexpr std::string_view kTransferPrefix = "transfer-";
constexpr std::size_t kDigits = 6;
constexpr std::string_view kMarkerKind = "kvhost-state ";
constexpr std::string_view kMarkerVersion = "1";

}  // namespace

std::string state_name(uint64_t number) {
  std::string digits = std::to_string(number);
  if (digits.size() < kDigits) digits.insert(0, kDigits - digits.size(), '0');
  return std::string(kPrefix) + digits;
}

std::optional<uint64_t> parse_state_name(std::string_view name) {
  if (!name.starts_with(kPrefix)) return std::nullopt;
  const std::string_view digits = name.substr(kPrefix.size());
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  const bool whole = error == std::errc() && end == digits.data() + digits.size();
  if (!whole || number < 2 || state_name(number) != name) return std::nullopt;
  return number;
}

std::optional<uint64_t> parse_incoming_name(std::string_view name) {
  if (!name.ends_with(kIncomingSuffix)) return std::nullopt;
  return parse_state_name(name.substr(0, name.size() - kIncomingSuffix.size()));
}

bool is_transfer_name(std::string_view name) { return name.starts_with(kTransferPrefix); }

std::string encode_state_marker(std::string_view name) {
  std::string text = std::string(kMarkerKind) + std::string(kMarkerVersion) + "\n";
  text.append(name);
  text += "\n";
  text += "checksum " + std::to_string(checksum64(text)) + "\n";
  return text;
}

Result<std::string> decode_state_marker(std::string_view bytes) {
  if (!bytes.starts_with(kMarkerKind)) {
    return Status(StatusCode::CORRUPTION,
                  "offset 0: expected \"kvhost-state\" and a version, found other bytes");
  }
  const std::size_t first = bytes.find('\n');
  const std::string_view version = bytes.substr(
      kMarkerKind.size(),
      first == std::string_view::npos ? std::string_view::npos : first - kMarkerKind.size());
  if (version != kMarkerVersion) {
    return Status(StatusCode::FORMAT_UNSUPPORTED, "expected format version 1, found \"" +
                                                      std::string(version.substr(0, 20)) + "\"");
  }
  const std::size_t second = bytes.find('\n', first + 1);
  const std::string name(bytes.substr(first + 1, second - first - 1));
  if (second != std::string_view::npos && parse_state_name(name) &&
      encode_state_marker(name) == bytes) {
    return name;
  }
  return Status(StatusCode::CORRUPTION,
                "expected the name of a state and its checksum, found other bytes");
}

}  // namespace kvhost::engine
