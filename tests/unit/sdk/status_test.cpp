#include "kvhost/status.hpp"

#include <catch2/catch.hpp>
#include <set>
#include <string>

#include "kvhost/result.hpp"

using kvhost::Result;
using kvhost::Status;
using kvhost::StatusCode;

TEST_CASE("the status table: numbers are positions, names are unique, words are there") {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < kvhost::kStatusTable.size(); ++i) {
    const auto& row = kvhost::kStatusTable[i];
    INFO(row.name);
    CHECK(static_cast<std::size_t>(row.code) == i);
    CHECK(names.insert(row.name).second);
    CHECK(kvhost::status_code_from_name(row.name) == row.code);
    CHECK(row.meaning.back() == '.');
    CHECK_FALSE(row.remedy.empty());
    CHECK_FALSE(row.resp_prefix.empty());
  }
}

TEST_CASE("the status table: only 4xx, 503 and 507 are retryable") {
  for (const auto& row : kvhost::kStatusTable) {
    INFO(row.name);
    if (!row.retryable) continue;
    const int http = row.http_status;
    CHECK(((http >= 400 && http < 500) || http == 503 || http == 507));
  }
}

TEST_CASE("a Status: words, context, unknown numbers") {
  CHECK(Status().is_ok());
  const Status failed(StatusCode::IO_ERROR, "read of a.sst at 4096");
  CHECK_FALSE(failed.is_ok());
  CHECK(failed.to_string() == "io-error: read of a.sst at 4096");
  CHECK(failed.with_context("flush").message() == "flush: read of a.sst at 4096");
  CHECK(Status(StatusCode::DRAINING, "").message() ==
        kvhost::status_info(StatusCode::DRAINING).meaning);
  CHECK(kvhost::status_info(static_cast<StatusCode>(9999)).code == StatusCode::INTERNAL);
}

namespace {
Result<int> half(int number) {
  if (number % 2 != 0) return Status(StatusCode::INVALID_ARGUMENT, "odd");
  return number / 2;
}
Result<int> quarter(int number) {
  KVHOST_TRY_ASSIGN(const int once, half(number));
  KVHOST_TRY_ASSIGN(const int twice, half(once));
  return twice;
}
}  // namespace

TEST_CASE("a Result: value, error, and the way out of a function") {
  CHECK(quarter(12).value() == 3);
  CHECK(quarter(6).error().message() == "odd");
  CHECK(quarter(7).value_or(-1) == -1);
  CHECK(quarter(12).status().is_ok());
}
