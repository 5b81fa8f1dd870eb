// The kvh_config that a component's create and reconfigure read its options from.
//
// Threads:   the control thread.
// Lifetime:  borrows values, context and diagnostics.
#pragma once

#include "config/option_values.hpp"
#include "kvhost/abi/host.h"

namespace kvhost::host {

class ComponentConfig {
 public:
  ComponentConfig(const OptionValues& values, const ValueContext& context,
                  Diagnostics& diagnostics);
  ComponentConfig(const ComponentConfig&) = delete;
  ComponentConfig& operator=(const ComponentConfig&) = delete;

  const kvh_config* table() const { return &table_; }
  // What the component complained about so far.
  std::size_t failures() const { return failures_; }

 private:
  static int32_t get(void* self, kvh_bytes path, kvh_value* out) noexcept;
  static void fail(void* self, kvh_bytes path, kvh_bytes text) noexcept;

  // The option that "peers[0].id" or "names[2]" names, or null; `element` is set for the latter.
  struct Found {
    const OptionValue* value = nullptr;
    const std::string* element = nullptr;
  };
  Found find(std::string_view path) const;
  SourcePlace place_of(std::string_view path) const;

  const OptionValues& values_;
  const ValueContext& context_;
  Diagnostics& diagnostics_;
  std::size_t failures_ = 0;
  kvh_config table_;
};

}  // namespace kvhost::host
