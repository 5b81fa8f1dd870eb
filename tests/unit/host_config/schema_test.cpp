// Declarations of options: sound ones are read through their strides, others are their author's
// bug.
#include <catch2/catch.hpp>
#include <cstring>

#include "config/config_pages.hpp"
#include "config/option_schema.hpp"
#include "kvhost/detail/boundary.hpp"
#include "kvhost/options.hpp"

namespace kvhost::host {
namespace {

using detail::to_bytes;

template <std::size_t N>
Result<Schema> schema_of(const OptionList<N>& options) {
  const detail::OptionTable table(options.items.data(), N);
  return read_schema(table.rows(), table.count(), sizeof(kvh_option), "tiny");
}

template <std::size_t N>
std::string bug_of(const OptionList<N>& options) {
  const auto schema = schema_of(options);
  REQUIRE_FALSE(schema.has_value());
  CHECK(schema.error().code() == StatusCode::PLUGIN_ERROR);
  CHECK(schema.error().message().find("bug of the plugin") != std::string::npos);
  return schema.error().message();
}

bool says(const std::string& text, const std::string& words) {
  return text.find(words) != std::string::npos;
}

TEST_CASE("a declaration that contradicts itself is called a bug") {
  CHECK(says(bug_of(kvhost::options(kvhost::integer("a", 1).min(2))), "default \"1\""));
  CHECK(says(bug_of(kvhost::options(kvhost::size("a", "12"))), "the unit is missing"));
  CHECK(says(bug_of(kvhost::options(kvhost::size("a", "1MiB").max("lots"))), "bound \"lots\""));
  CHECK(says(bug_of(kvhost::options(kvhost::string("a").min(1))), "bounds"));
  CHECK(says(bug_of(kvhost::options(kvhost::choice("a", "x", "y", "z"))), "default \"x\""));
  CHECK(says(bug_of(kvhost::options(kvhost::string("A b"))), "a name has letters"));
  CHECK(says(bug_of(kvhost::options(kvhost::string("a"), kvhost::boolean("a", true))), "twice"));
  CHECK(says(bug_of(kvhost::options(kvhost::address("a", "nowhere"))), "the port is missing"));
  CHECK(says(bug_of(kvhost::options(kvhost::Option{})), "a name has letters"));
}

TEST_CASE("an unknown type is refused with its number") {
  kvhost::Option option = kvhost::string("a");
  option.type = 77;
  CHECK(says(bug_of(kvhost::options(option)), "type 77"));
}

TEST_CASE("rows are read through their stride, and longer rows of a later version are fine") {
  struct Later {
    kvh_option option;
    uint64_t slot_of_tomorrow;
  };
  Later rows[2] = {};
  for (auto& row : rows) {
    row.option.size = sizeof(Later);
    row.option.type = KVH_OPTION_INTEGER;
    row.slot_of_tomorrow = ~uint64_t{0};
  }
  rows[0].option.path = to_bytes("first");
  rows[1].option.path = to_bytes("second");
  const auto schema = read_schema(&rows[0].option, 2, sizeof(Later), "later");
  REQUIRE(schema.has_value());
  CHECK(schema->at(1).path == "second");
}

TEST_CASE("rows that are too short, and lists that lie, are refused") {
  kvh_option row{};
  row.size = 16;
  row.type = KVH_OPTION_STRING;
  row.path = to_bytes("a");
  CHECK_FALSE(read_schema(&row, 1, sizeof(row), "short").has_value());
  row.size = sizeof(row);
  CHECK_FALSE(read_schema(&row, 1, 8, "stride").has_value());
  CHECK_FALSE(read_schema(nullptr, 1, sizeof(row), "null").has_value());
  CHECK_FALSE(read_schema(&row, uint64_t{1} << 60, sizeof(row), "many").has_value());
  row.choice_count = uint64_t{1} << 60;
  CHECK_FALSE(read_schema(&row, 1, sizeof(row), "choices").has_value());
}

TEST_CASE("a table nested into itself ends") {
  kvh_option row{};
  row.size = sizeof(row);
  row.type = KVH_OPTION_TABLES;
  row.path = to_bytes("self");
  row.nested = &row;
  row.nested_count = 1;
  row.nested_stride = sizeof(row);
  CHECK_FALSE(read_schema(&row, 1, sizeof(row), "loop").has_value());
}

TEST_CASE("TOML strings are escaped") { CHECK(toml_string("a\"b\\\n") == "\"a\\\"b\\\\\\u000A\""); }

}  // namespace
}  // namespace kvhost::host
