// Declares a component's options, once: parsing, bounds, errors, the reference page and
// `--print-default-config` all come from these lines.
//
//   static constexpr auto kOptions = kvhost::options(
//       kvhost::integer("fanout", 4).min(2).max(64).doc("runs merged at once"),
//       kvhost::size("target", "64MiB").doc("size of a new file").reloadable());
//
// Everything is constexpr; strings must be literals.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "kvhost/abi/plugin.h"
#include "kvhost/detail/boundary.hpp"

namespace kvhost {

// Text of a default or a bound: a literal, or digits made at compile time.
class OptionText {
 public:
  constexpr OptionText() = default;
  constexpr explicit OptionText(std::string_view literal) : literal_(literal) {}
  constexpr explicit OptionText(int64_t number) {
    char reversed[20] = {};
    uint64_t rest =
        number < 0 ? uint64_t{0} - static_cast<uint64_t>(number) : static_cast<uint64_t>(number);
    std::size_t count = 0;
    do {
      reversed[count++] = static_cast<char>('0' + rest % 10);
      rest /= 10;
    } while (rest != 0);
    if (number < 0) digits_[length_++] = '-';
    while (count != 0) digits_[length_++] = reversed[--count];
  }
  // Views this object: it must outlive the view (options are static).
  constexpr std::string_view view() const {
    return length_ != 0 ? std::string_view(digits_.data(), length_) : literal_;
  }

 private:
  std::string_view literal_;
  std::array<char, 21> digits_{};
  std::size_t length_ = 0;
};

template <std::size_t N>
struct OptionList;

struct Option {
  uint32_t type = 0;
  uint32_t flag_bits = 0;
  std::string_view path;
  std::string_view unit_text;
  std::string_view doc_text;
  OptionText default_text;
  OptionText min_text;
  OptionText max_text;
  std::array<std::string_view, 16> choice_names{};
  std::size_t choice_count = 0;
  const Option* nested = nullptr;
  std::size_t nested_count = 0;

  template <typename Change>
  constexpr Option with(Change change) const {
    Option copy = *this;
    change(copy);
    return copy;
  }

  constexpr Option min(int64_t bound) const {
    return with([&](Option& o) { o.min_text = OptionText(bound); });
  }
  constexpr Option max(int64_t bound) const {
    return with([&](Option& o) { o.max_text = OptionText(bound); });
  }
  constexpr Option min(std::string_view bound) const {
    return with([&](Option& o) { o.min_text = OptionText(bound); });
  }
  constexpr Option max(std::string_view bound) const {
    return with([&](Option& o) { o.max_text = OptionText(bound); });
  }
  constexpr Option unit(std::string_view text) const {
    return with([&](Option& o) { o.unit_text = text; });
  }
  constexpr Option doc(std::string_view text) const {
    return with([&](Option& o) { o.doc_text = text; });
  }
  constexpr Option reloadable() const {
    return with([](Option& o) { o.flag_bits |= KVH_OPTION_RELOADABLE; });
  }
  constexpr Option secret() const {
    return with([](Option& o) { o.flag_bits |= KVH_OPTION_SECRET; });
  }
  constexpr Option required() const {
    return with([](Option& o) { o.flag_bits |= KVH_OPTION_REQUIRED; });
  }
};

template <std::size_t N>
struct OptionList {
  std::array<Option, N> items;
};
template <>
struct OptionList<0> {
  std::array<Option, 0> items;
};

template <typename... Options>
constexpr OptionList<sizeof...(Options)> options(Options... list) {
  return {{list...}};
}

namespace detail {
constexpr Option make_option(uint32_t type, std::string_view path, OptionText value) {
  Option option;
  option.type = type;
  option.path = path;
  option.default_text = value;
  return option;
}
}  // namespace detail

constexpr Option boolean(std::string_view path, bool value) {
  return detail::make_option(KVH_OPTION_BOOLEAN, path,
                             OptionText(value ? std::string_view("true") : "false"));
}
constexpr Option integer(std::string_view path, int64_t value) {
  return detail::make_option(KVH_OPTION_INTEGER, path, OptionText(value));
}
// The default as written in the file: "0.5".
constexpr Option number(std::string_view path, std::string_view value) {
  return detail::make_option(KVH_OPTION_NUMBER, path, OptionText(value));
}
constexpr Option string(std::string_view path, std::string_view value = {}) {
  return detail::make_option(KVH_OPTION_STRING, path, OptionText(value));
}
// Bytes, written "64MiB"; read as an integer.
constexpr Option size(std::string_view path, std::string_view value) {
  return detail::make_option(KVH_OPTION_SIZE, path, OptionText(value));
}
// Written "10ms"; read as nanoseconds.
constexpr Option duration(std::string_view path, std::string_view value) {
  return detail::make_option(KVH_OPTION_DURATION, path, OptionText(value));
}
// "host:port". The host checks an option named `listen` against the rule on loopback.
constexpr Option address(std::string_view path, std::string_view value = {}) {
  return detail::make_option(KVH_OPTION_ADDRESS, path, OptionText(value));
}
constexpr Option file_path(std::string_view path, std::string_view value = {}) {
  return detail::make_option(KVH_OPTION_PATH, path, OptionText(value));
}
constexpr Option strings(std::string_view path) {
  return detail::make_option(KVH_OPTION_STRINGS, path, OptionText());
}
// One of at most 16 names.
template <typename... Names>
constexpr Option choice(std::string_view path, std::string_view value, Names... names) {
  static_assert(sizeof...(Names) >= 1 && sizeof...(Names) <= 16);
  Option option = detail::make_option(KVH_OPTION_CHOICE, path, OptionText(value));
  for (std::string_view name : {std::string_view(names)...}) {
    option.choice_names[option.choice_count++] = name;
  }
  return option;
}
// An array of tables; `members` must be a static constexpr list.
template <std::size_t N>
constexpr Option tables(std::string_view path, const OptionList<N>& members) {
  Option option = detail::make_option(KVH_OPTION_TABLES, path, OptionText());
  option.nested = members.items.data();
  option.nested_count = N;
  return option;
}

namespace detail {

// The C form of a static option list. Lives as long as the library: made once per component.
class OptionTable {
 public:
  OptionTable(const Option* first, std::size_t count);
  OptionTable(const OptionTable&) = delete;
  OptionTable& operator=(const OptionTable&) = delete;
  ~OptionTable() {
    delete[] rows_;
    for (std::size_t i = 0; i < count_; ++i) {
      delete[] choices_[i];
      delete nested_[i];
    }
    delete[] choices_;
    delete[] nested_;
  }
  const kvh_option* rows() const { return rows_; }
  std::size_t count() const { return count_; }

 private:
  std::size_t count_;
  kvh_option* rows_;
  kvh_bytes** choices_;
  OptionTable** nested_;
};

inline OptionTable::OptionTable(const Option* first, std::size_t count)
    : count_(count),
      rows_(new kvh_option[count]()),
      choices_(new kvh_bytes*[count]()),
      nested_(new OptionTable*[count]()) {
  for (std::size_t i = 0; i < count; ++i) {
    const Option& option = first[i];
    kvh_option& row = rows_[i];
    row.size = sizeof(kvh_option);
    row.type = option.type;
    row.flags = option.flag_bits;
    row.path = to_bytes(option.path);
    row.unit = to_bytes(option.unit_text);
    row.default_value = to_bytes(option.default_text.view());
    row.min = to_bytes(option.min_text.view());
    row.max = to_bytes(option.max_text.view());
    row.doc = to_bytes(option.doc_text);
    if (option.choice_count != 0) {
      choices_[i] = new kvh_bytes[option.choice_count];
      for (std::size_t c = 0; c < option.choice_count; ++c) {
        choices_[i][c] = to_bytes(option.choice_names[c]);
      }
      row.choices = choices_[i];
      row.choice_count = option.choice_count;
    }
    if (option.nested_count != 0) {
      nested_[i] = new OptionTable(option.nested, option.nested_count);
      row.nested = nested_[i]->rows();
      row.nested_count = option.nested_count;
      row.nested_stride = sizeof(kvh_option);
    }
  }
}

}  // namespace detail
}  // namespace kvhost
