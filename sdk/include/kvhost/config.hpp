// Reads a component's validated options, in create() and reconfigure().
//
// Threads:   the control thread.
// Lifetime:  strings are copies; the Config itself lives until create or reconfigure returns.
// Errors:    asking for an option that was not declared, or as another type, is a programmer's
// error:
//            it throws std::logic_error, which the boundary turns into words.
#pragma once

#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "kvhost/abi/plugin.h"
#include "kvhost/detail/boundary.hpp"

namespace kvhost {

class Config {
 public:
  explicit Config(const kvh_config* config) : config_(config) {}

  bool boolean(std::string_view path) const { return get(path, {KVH_OPTION_BOOLEAN}).integer != 0; }
  int64_t integer(std::string_view path) const { return get(path, {KVH_OPTION_INTEGER}).integer; }
  double number(std::string_view path) const { return get(path, {KVH_OPTION_NUMBER}).number; }
  uint64_t bytes(std::string_view path) const {
    return static_cast<uint64_t>(get(path, {KVH_OPTION_SIZE}).integer);
  }
  std::chrono::nanoseconds duration(std::string_view path) const {
    return std::chrono::nanoseconds(get(path, {KVH_OPTION_DURATION}).integer);
  }
  std::string string(std::string_view path) const {
    return std::string(detail::to_view(
        get(path, {KVH_OPTION_STRING, KVH_OPTION_CHOICE, KVH_OPTION_ADDRESS, KVH_OPTION_PATH})
            .string));
  }
  std::vector<std::string> strings(std::string_view path) const {
    std::vector<std::string> all(static_cast<std::size_t>(get(path, {KVH_OPTION_STRINGS}).integer));
    for (std::size_t i = 0; i < all.size(); ++i) all[i] = string(element(path, i));
    return all;
  }
  // The number of tables in an array of tables; its members are read as "peers[0].id".
  std::size_t count(std::string_view path) const {
    return static_cast<std::size_t>(get(path, {KVH_OPTION_TABLES}).integer);
  }
  static std::string element(std::string_view path, std::size_t index) {
    return std::string(path) + "[" + std::to_string(index) + "]";
  }
  // False for an option without a default that the file does not give.
  bool is_set(std::string_view path) const { return get(path, {}).is_set != 0; }
  // The line of the value in the file; 0 when it is not from there.
  uint32_t line(std::string_view path) const { return get(path, {}).line; }

  // Says what is wrong with a value; the host adds file, line and column.
  //   return config.fail("fanout", "must not be above max_runs");
  Status fail(std::string_view path, std::string_view text) const {
    config_->fail(config_->self, detail::to_bytes(path), detail::to_bytes(text));
    return {StatusCode::CONFIG_ERROR, std::string(path) + ": " + std::string(text)};
  }

 private:
  kvh_value get(std::string_view path, std::initializer_list<uint32_t> types) const {
    kvh_value value{};
    value.size = sizeof(kvh_value);
    if (config_->get(config_->self, detail::to_bytes(path), &value) != KVH_OK) {
      throw std::logic_error("option \"" + std::string(path) + "\" is not declared in kOptions");
    }
    if (types.size() == 0) return value;
    for (const uint32_t type : types) {
      if (value.type == type) return value;
    }
    throw std::logic_error("option \"" + std::string(path) + "\" is declared with another type");
  }

  const kvh_config* config_;
};

}  // namespace kvhost
