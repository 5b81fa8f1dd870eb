// docs/reference/errors.md is made from the status table.
#include <catch2/catch.hpp>

#include <sstream>
#include <string>

#include "kvhost/status.hpp"
#include "support/golden_file.hpp"

namespace {

std::string errors_page() {
  std::ostringstream page;
  page << "# Errors\n\n"
          "Made from `sdk/include/kvhost/abi/status.h`; do not edit.\n\n"
          "Every protocol names the same codes. A *retryable* request may be sent again as it is. "
          "Only answers\nof 4xx, 503 and 507 promise that a write had no effect.\n\n"
          "| number | code | HTTP | RESP | kvctl exit | kvhost exit | retryable | meaning | what to "
          "do |\n"
          "|---|---|---|---|---|---|---|---|---|\n";
  for (const auto& row : kvhost::kStatusTable) {
    page << "| " << static_cast<int>(row.code) << " | `" << row.name << "` | " << row.http_status
         << " | `" << row.resp_prefix << "` | " << row.kvctl_exit << " | " << row.kvhost_exit
         << " | " << (row.retryable ? "yes" : "no") << " | " << row.meaning << " | " << row.remedy
         << " |\n";
  }
  return page.str();
}

}  // namespace

TEST_CASE("reference: docs/reference/errors.md is what the status table says") {
  const std::string actual = errors_page();
  INFO("rewrite with: KVHOST_REWRITE=1 ctest -R reference");
  CHECK(kvhost::testing::golden_text("docs/reference/errors.md", actual) == actual);
}
