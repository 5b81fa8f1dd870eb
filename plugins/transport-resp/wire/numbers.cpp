#include "wire/numbers.hpp"

#include <array>
#include <cctype>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>

namespace kvhost::resp {

namespace {

constexpr std::size_t kMaxFloatText = 5 * 1024;

bool is_canonical(std::string_view text) {
  if (!text.empty() && text.front() == '-') {
    text.remove_prefix(1);
    return !text.empty() && text.front() >= '1' && text.front() <= '9';
  }
  if (text.empty() || text.front() < '0' || text.front() > '9') return false;
  return text.front() != '0' || text.size() == 1;
}

template <typename Number>
std::optional<Number> parse_canonical(std::string_view text) {
  if (!is_canonical(text)) return std::nullopt;
  Number number = 0;
  const char* const end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, number);
  if (parsed.ec != std::errc() || parsed.ptr != end) return std::nullopt;
  return number;
}

}  // namespace

std::optional<int64_t> parse_integer(std::string_view text) {
  return parse_canonical<int64_t>(text);
}

std::optional<uint64_t> parse_unsigned(std::string_view text) {
  return parse_canonical<uint64_t>(text);
}

std::optional<long double> parse_long_double(std::string_view text) {
  if (text.empty() || text.size() >= kMaxFloatText) return std::nullopt;
  const std::string terminated(text);
  if (std::isspace(static_cast<unsigned char>(terminated.front())) != 0) return std::nullopt;
  char* end = nullptr;
  errno = 0;
  const long double value = std::strtold(terminated.c_str(), &end);
  if (end != terminated.c_str() + terminated.size() || std::isnan(value)) return std::nullopt;
  const bool is_out_of_range =
      errno == ERANGE && (std::isinf(value) || std::fpclassify(value) == FP_ZERO);
  if (is_out_of_range || errno == EINVAL) return std::nullopt;
  return value;
}

std::string format_long_double(long double value) {
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  std::array<char, kMaxFloatText> buffer{};
  const int length = std::snprintf(buffer.data(), buffer.size(), "%.17Lf", value);
  if (length <= 0 || static_cast<std::size_t>(length) >= buffer.size()) return "0";
  std::string text(buffer.data(), static_cast<std::size_t>(length));
  if (text.find('.') != std::string::npos) {
    text.erase(text.find_last_not_of('0') + 1);
    if (text.back() == '.') text.pop_back();
  }
  return text == "-0" ? "0" : text;
}

void append_number(std::string& out, int64_t value) {
  std::array<char, 24> digits;
  const auto made = std::to_chars(digits.data(), digits.data() + digits.size(), value);
  out.append(digits.data(), made.ptr);
}

}  // namespace kvhost::resp
