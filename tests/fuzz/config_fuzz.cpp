// Feeds arbitrary bytes to everything that reads a configuration: the TOML text, one --set
// argument, sizes, durations and addresses. No input may crash it; every refusal has words.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "config/address.hpp"
#include "config/config_file.hpp"
#include "config/node_schema.hpp"
#include "config/option_values.hpp"
#include "config/units.hpp"

using namespace kvhost::host;  // NOLINT(google-build-using-namespace)

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

void check_sections(const ConfigValue& root) {
  for (const auto& section : host_sections()) {
    Diagnostics diagnostics;
    const ValueContext context{"[" + section.name + "]", "/base", "/here"};
    const auto* table = root.find(section.name);
    if (table == nullptr || table->type != ConfigType::kTable) table = &root;
    static_cast<void>(validate_options(section.options, table, context, {}, diagnostics));
    for (const auto& item : diagnostics.items()) require(!item.text.empty());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto root = parse_config_text(input, "node.toml");
  if (root) check_sections(*root);
  require(root || !root.error().message().empty());
  static_cast<void>(parse_argument_value(input, {}));
  const auto bytes = parse_size(input);
  if (bytes) require(parse_size(format_size(*bytes)).value_or(-1) == *bytes);
  const auto time = parse_duration(input);
  if (time) require(parse_duration(format_duration(*time)).value_or(-1) == *time);
  const auto address = parse_address(input);
  if (address) require(parse_address(address->to_string()).has_value());
  return 0;
}
