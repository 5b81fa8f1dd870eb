#include "wire/glob.hpp"

#include <cctype>
#include <utility>

namespace kvhost::resp {

namespace {

unsigned char fold(char c, bool ignore_case) {
  const auto byte = static_cast<unsigned char>(c);
  return ignore_case ? static_cast<unsigned char>(std::tolower(byte)) : byte;
}

// One element of a pattern that stands for one character: how long it is, and whether `c` is one.
struct Element {
  std::size_t length = 1;
  bool matches = false;
};

Element class_element(std::string_view pattern, char c, bool ignore_case) {
  std::size_t at = 1;
  const bool is_negated = at < pattern.size() && pattern[at] == '^';
  if (is_negated) ++at;
  bool found = false;
  const unsigned char wanted = fold(c, ignore_case);
  for (;;) {
    if (at >= pattern.size()) break;  // a class without an end ends with the pattern
    if (pattern[at] == '\\' && at + 1 < pattern.size()) {
      ++at;
      found |= pattern[at] == c;
    } else if (pattern[at] == ']') {
      ++at;
      break;
    } else if (at + 2 < pattern.size() && pattern[at + 1] == '-') {
      unsigned char first = fold(pattern[at], ignore_case);
      unsigned char last = fold(pattern[at + 2], ignore_case);
      if (first > last) std::swap(first, last);
      found |= wanted >= first && wanted <= last;
      at += 2;
    } else {
      found |= fold(pattern[at], ignore_case) == wanted;
    }
    ++at;
  }
  return {at, found != is_negated};
}

Element element(std::string_view pattern, char c, bool ignore_case) {
  if (pattern[0] == '?') return {1, true};
  if (pattern[0] == '[') return class_element(pattern, c, ignore_case);
  const bool is_escaped = pattern[0] == '\\' && pattern.size() > 1;
  const char wanted = is_escaped ? pattern[1] : pattern[0];
  return {is_escaped ? std::size_t{2} : std::size_t{1},
          fold(wanted, ignore_case) == fold(c, ignore_case)};
}

}  // namespace

bool glob_matches(std::string_view pattern, std::string_view text, bool ignore_case) {
  std::size_t p = 0;
  std::size_t t = 0;
  // Only the newest star is ever tried again: an earlier one could win nothing that it cannot.
  std::size_t star = std::string_view::npos;
  std::size_t star_text = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      star_text = t;
      continue;
    }
    if (p < pattern.size()) {
      const Element next = element(pattern.substr(p), text[t], ignore_case);
      if (next.matches) {
        p += next.length;
        ++t;
        continue;
      }
    }
    if (star == std::string_view::npos) return false;
    p = star + 1;
    t = ++star_text;
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

std::string glob_prefix(std::string_view pattern) {
  std::string prefix;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == '*' || pattern[i] == '?' || pattern[i] == '[') break;
    if (pattern[i] == '\\' && i + 1 < pattern.size()) ++i;
    prefix.push_back(pattern[i]);
  }
  return prefix;
}

}  // namespace kvhost::resp
