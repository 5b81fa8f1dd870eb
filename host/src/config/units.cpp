#include "config/units.hpp"

#include <array>
#include <cmath>
#include <limits>
#include <span>

namespace kvhost::host {
namespace {

struct Unit {
  std::string_view name;
  int64_t factor;
};

constexpr int64_t kKibi = 1024;
constexpr int64_t kKilo = 1000;
// Largest first within a system: format_* takes the first that divides.
constexpr std::array kSizeUnits = {
    Unit{"TiB", kKibi* kKibi* kKibi* kKibi},
    Unit{"GiB", kKibi* kKibi* kKibi},
    Unit{"MiB", kKibi* kKibi},
    Unit{"KiB", kKibi},
    Unit{"TB", kKilo* kKilo* kKilo* kKilo},
    Unit{"GB", kKilo* kKilo* kKilo},
    Unit{"MB", kKilo* kKilo},
    Unit{"KB", kKilo},
    Unit{"B", 1},
};
constexpr int64_t kSecond = 1'000'000'000;
constexpr std::array kDurationUnits = {
    Unit{"d", 86400 * kSecond},
    Unit{"h", 3600 * kSecond},
    Unit{"m", 60 * kSecond},
    Unit{"s", kSecond},
    Unit{"ms", 1'000'000},
    Unit{"us", 1000},
    Unit{"ns", 1},
};

std::string names(std::span<const Unit> units) {
  std::string text;
  for (const auto& unit : units) {
    if (!text.empty()) text += ' ';
    text += unit.name;
  }
  return text;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// (whole.fraction) × factor, rounded to a whole number, or an error where it does not fit.
Result<int64_t> multiply(std::string_view whole, std::string_view fraction, int64_t factor) {
  constexpr auto kMost = std::numeric_limits<int64_t>::max();
  int64_t value = 0;
  for (const char digit : whole) {
    if (value > (kMost - (digit - '0')) / 10) {
      return Status(StatusCode::INVALID_ARGUMENT, "the number is too large");
    }
    value = value * 10 + (digit - '0');
  }
  if (value > kMost / factor)
    return Status(StatusCode::INVALID_ARGUMENT, "the number is too large");
  value *= factor;
  double part = 0;
  for (auto digit = fraction.rbegin(); digit != fraction.rend(); ++digit) {
    part = (part + (*digit - '0')) / 10;
  }
  const int64_t rest = std::llround(part * static_cast<double>(factor));
  if (rest > kMost - value) return Status(StatusCode::INVALID_ARGUMENT, "the number is too large");
  value += rest;
  return value;
}

Result<int64_t> parse(std::string_view text, std::span<const Unit> units) {
  std::size_t digits = 0;
  while (digits < text.size() && is_digit(text[digits])) ++digits;
  std::size_t end = digits;
  if (end < text.size() && text[end] == '.') {
    ++end;
    while (end < text.size() && is_digit(text[end])) ++end;
  }
  if (digits == 0 || end == digits + 1) {
    return Status(StatusCode::INVALID_ARGUMENT, "it does not begin with a number");
  }
  const auto fraction =
      end == digits ? std::string_view() : text.substr(digits + 1, end - digits - 1);
  auto unit_text = text.substr(end);
  while (!unit_text.empty() && unit_text.front() == ' ') unit_text.remove_prefix(1);
  for (const auto& unit : units) {
    if (unit.name == unit_text) return multiply(text.substr(0, digits), fraction, unit.factor);
  }
  if (unit_text.empty()) {
    return Status(StatusCode::INVALID_ARGUMENT, "the unit is missing; units are " + names(units));
  }
  return Status(StatusCode::INVALID_ARGUMENT,
                "\"" + std::string(unit_text) + "\" is no unit; units are " + names(units));
}

}  // namespace

Result<int64_t> parse_size(std::string_view text) { return parse(text, kSizeUnits); }

Result<int64_t> parse_duration(std::string_view text) { return parse(text, kDurationUnits); }

std::string format_size(int64_t bytes) {
  for (const auto& unit : kSizeUnits) {
    if (bytes >= unit.factor && bytes % unit.factor == 0) {
      return std::to_string(bytes / unit.factor) + std::string(unit.name);
    }
  }
  return std::to_string(bytes) + "B";
}

std::string format_duration(int64_t nanoseconds) {
  if (nanoseconds == 0) return "0s";
  for (const auto& unit : kDurationUnits) {
    if (nanoseconds % unit.factor == 0) {
      return std::to_string(nanoseconds / unit.factor) + std::string(unit.name);
    }
  }
  return std::to_string(nanoseconds) + "ns";
}

}  // namespace kvhost::host
