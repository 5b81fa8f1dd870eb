#include "wire/quoting.hpp"

#include <algorithm>
#include <cctype>

namespace kvhost::resp {

namespace {

constexpr std::string_view kHexDigits = "0123456789abcdef";

bool is_space(char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; }
bool is_hex(char c) { return std::isxdigit(static_cast<unsigned char>(c)) != 0; }

int hex_value(char c) {
  return static_cast<int>(
      kHexDigits.find(static_cast<char>(std::tolower(static_cast<unsigned char>(c)))));
}

char unescaped(char c) {
  switch (c) {
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    case 'b':
      return '\b';
    case 'a':
      return '\a';
    default:
      return c;
  }
}

// Reads one word from the front of `rest`; false where its quotes are wrong.
bool take_word(std::string_view& rest, std::string& word) {
  char quote = 0;
  for (;;) {
    if (rest.empty()) return quote == 0;
    const char c = rest.front();
    if (quote == 0) {
      if (is_space(c) || c == '\0') return true;
      rest.remove_prefix(1);
      if (c == '"' || c == '\'') {
        quote = c;
      } else {
        word.push_back(c);
      }
      continue;
    }
    if (quote == '"' && rest.size() >= 4 && c == '\\' && rest[1] == 'x' && is_hex(rest[2]) &&
        is_hex(rest[3])) {
      word.push_back(static_cast<char>(hex_value(rest[2]) * 16 + hex_value(rest[3])));
      rest.remove_prefix(4);
    } else if (quote == '"' && c == '\\' && rest.size() >= 2) {
      word.push_back(unescaped(rest[1]));
      rest.remove_prefix(2);
    } else if (quote == '\'' && c == '\\' && rest.size() >= 2 && rest[1] == '\'') {
      word.push_back('\'');
      rest.remove_prefix(2);
    } else if (c == quote) {
      rest.remove_prefix(1);
      return rest.empty() || is_space(rest.front());
    } else {
      word.push_back(c);
      rest.remove_prefix(1);
    }
  }
}

}  // namespace

void append_quoted(std::string& out, std::string_view text) {
  out.push_back('"');
  for (const char c : text) {
    switch (c) {
      case '\\':
      case '"':
        out.push_back('\\');
        out.push_back(c);
        break;
      case '\n':
        out.append("\\n");
        break;
      case '\r':
        out.append("\\r");
        break;
      case '\t':
        out.append("\\t");
        break;
      case '\a':
        out.append("\\a");
        break;
      case '\b':
        out.append("\\b");
        break;
      default: {
        const auto byte = static_cast<unsigned char>(c);
        if (byte >= 0x20 && byte < 0x7f) {
          out.push_back(c);
        } else {
          out.append("\\x");
          out.push_back(kHexDigits[byte >> 4]);
          out.push_back(kHexDigits[byte & 15]);
        }
      }
    }
  }
  out.push_back('"');
}

std::optional<std::vector<std::string>> split_words(std::string_view line) {
  std::vector<std::string> words;
  for (;;) {
    while (!line.empty() && is_space(line.front())) line.remove_prefix(1);
    if (line.empty() || line.front() == '\0') return words;
    words.emplace_back();
    if (!take_word(line, words.back())) return std::nullopt;
  }
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

std::string upper(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return out;
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    return std::tolower(static_cast<unsigned char>(x)) ==
           std::tolower(static_cast<unsigned char>(y));
  });
}

}  // namespace kvhost::resp
