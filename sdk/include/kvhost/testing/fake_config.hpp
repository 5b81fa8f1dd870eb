// A component's options as its host would hand them over: the declared defaults, some of them
// replaced by values written as in the file.
//
//   FakeConfig config(Mine::kOptions, {{"listen", "127.0.0.1:0"}, {"peers[0].id", "node2"}});
//
// Understands numbers, true and false, sizes ("64KiB"), durations ("10ms"), strings, arrays of
// strings ("names[0]") and arrays of tables ("peers[0].id"). It does not check bounds: the host
// does.
//
// Threads:   one.
// Lifetime:  outlives create() or reconfigure().
#pragma once

#include <charconv>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kvhost/detail/boundary.hpp"
#include "kvhost/options.hpp"

namespace kvhost::testing {

using Values = std::map<std::string, std::string>;

class FakeConfig {
 public:
  template <std::size_t N>
  explicit FakeConfig(const OptionList<N>& options, Values given = {})
      : made_(std::make_unique<detail::OptionTable>(options.items.data(), options.items.size())),
        rows_{made_->rows(), made_->count(), sizeof(kvh_option)},
        given_(std::move(given)) {
    fill_table();
  }
  explicit FakeConfig(const kvh_component& component, Values given = {})
      : rows_{component.options, component.option_count, component.option_stride},
        given_(std::move(given)) {
    fill_table();
  }
  FakeConfig(const FakeConfig&) = delete;
  FakeConfig& operator=(const FakeConfig&) = delete;

  const kvh_config* table() const { return &table_; }
  std::vector<std::string> failures;  // what the component said by Config::fail

  // The given values that no option declares; empty when all is well.
  std::vector<std::string> undeclared() const {
    std::vector<std::string> names;
    for (const auto& [path, text] : given_) {
      if (find(path) == nullptr) names.push_back(path);
    }
    return names;
  }

 private:
  struct Rows {
    const kvh_option* first = nullptr;
    uint64_t count = 0;
    uint64_t stride = 0;
  };

  void fill_table() {
    table_ = {sizeof(kvh_config), 0, this,
              [](void* self, kvh_bytes path, kvh_value* out) noexcept -> int32_t {
                return static_cast<FakeConfig*>(self)->get(detail::to_view(path), *out);
              },
              [](void* self, kvh_bytes path, kvh_bytes text) noexcept {
                static_cast<FakeConfig*>(self)->failures.push_back(
                    std::string(detail::to_view(path)) + ": " + std::string(detail::to_view(text)));
              }};
  }

  // The option that "listen", "names[2]" or "peers[0].id" belongs to.
  const kvh_option* find(std::string_view path) const { return find(rows_, path); }
  static const kvh_option* find(const Rows& rows, std::string_view path) {
    const auto open = path.find('[');
    const auto close = path.find("].", open == std::string_view::npos ? path.size() : open);
    for (uint64_t i = 0; i < rows.count; ++i) {
      const kvh_option& row = detail::strided(rows.first, rows.stride, i);
      if (detail::to_view(row.path) != path.substr(0, open)) continue;
      if (close == std::string_view::npos) return &row;
      return find({row.nested, row.nested_count, row.nested_stride}, path.substr(close + 2));
    }
    return nullptr;
  }
  // One more than the highest index given below `path`.
  int64_t elements(std::string_view path) const {
    int64_t count = 0;
    const std::string prefix = std::string(path) + "[";
    for (auto at = given_.lower_bound(prefix); at != given_.end(); ++at) {
      if (!at->first.starts_with(prefix)) break;
      const long index = std::strtol(at->first.c_str() + prefix.size(), nullptr, 10);
      if (index >= count) count = index + 1;
    }
    return count;
  }

  int32_t get(std::string_view path, kvh_value& out) const {
    const kvh_option* const option = find(path);
    if (option == nullptr) return KVH_INVALID_ARGUMENT;
    const auto given = given_.find(std::string(path));
    const std::string_view text = given != given_.end() ? std::string_view(given->second)
                                                        : detail::to_view(option->default_value);
    const bool is_element = path.ends_with(']');
    kvh_value answer{};
    answer.size = sizeof(answer);
    answer.type = is_element ? KVH_OPTION_STRING : option->type;
    answer.is_set = text.empty() && given == given_.end() ? 0 : 1;
    answer.string = detail::to_bytes(text);
    const bool is_array = option->type == KVH_OPTION_STRINGS || option->type == KVH_OPTION_TABLES;
    if (is_array && !is_element) {
      answer.integer = elements(path);
    } else {
      parse_number(text, answer);
    }
    // A component built for an older, shorter kvh_value gets what it has room for.
    const uint32_t room = out.size < sizeof(answer) ? out.size : sizeof(answer);
    std::memcpy(&out, &answer, room);
    out.size = room;
    return KVH_OK;
  }

  static void parse_number(std::string_view text, kvh_value& out) {
    if (text == "true") out.integer = 1;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), out.integer);
    if (parsed.ec != std::errc()) return;
    out.number = std::strtod(std::string(text).c_str(), nullptr);
    const std::string_view unit(parsed.ptr,
                                static_cast<std::size_t>(text.data() + text.size() - parsed.ptr));
    static const std::map<std::string_view, int64_t> kUnits = {{"ns", 1},
                                                               {"us", 1000},
                                                               {"ms", 1'000'000},
                                                               {"s", 1'000'000'000},
                                                               {"m", 60'000'000'000},
                                                               {"h", 3'600'000'000'000},
                                                               {"B", 1},
                                                               {"KiB", 1 << 10},
                                                               {"MiB", 1 << 20},
                                                               {"GiB", 1 << 30},
                                                               {"KB", 1000},
                                                               {"MB", 1'000'000},
                                                               {"GB", 1'000'000'000}};
    if (const auto at = kUnits.find(unit); at != kUnits.end()) out.integer *= at->second;
  }

  std::unique_ptr<detail::OptionTable> made_;
  Rows rows_;
  Values given_;
  kvh_config table_{};
};

}  // namespace kvhost::testing
