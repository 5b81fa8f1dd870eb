#include "version/file_names.hpp"

#include <catch2/catch.hpp>

using namespace kvhost::engine;

TEST_CASE("file names: what is written is read back") {
  for (const uint64_t number : {uint64_t{1}, uint64_t{999999}, uint64_t{1000000}, UINT64_MAX}) {
    CHECK(parse_table_name(table_name(number)) == number);
    CHECK(parse_manifest_name(manifest_name(number)) == number);
  }
  CHECK(table_path("/d", 7) == "/d/tables/000007.sst");
  CHECK(manifest_path("/d", 12) == "/d/MANIFEST-000012");
}

TEST_CASE("file names: every other spelling is nobody's") {
  for (const char* name : {"7.sst", "0000007.sst", "000007.sst.tmp", "000007", "-00007.sst",
                           "00000a.sst", ".sst", "99999999999999999999999.sst", ""}) {
    INFO(name);
    CHECK_FALSE(parse_table_name(name).has_value());
  }
  for (const char* name :
       {"MANIFEST-", "MANIFEST-7", "manifest-000007", "MANIFEST-000007.tmp", "CURRENT", ""}) {
    INFO(name);
    CHECK_FALSE(parse_manifest_name(name).has_value());
  }
}
