// Calls that have a better home, and how long a file may be.
#include <catch2/catch.hpp>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include "support/places.hpp"
#include "tidy/source_tree.hpp"

namespace {

struct BannedCall {
  const char* pattern;
  std::set<std::string> allowed;  // prefixes of paths
  const char* instead;
};

const std::vector<BannedCall>& banned() {
  static const std::vector<BannedCall> list = {
      {R"(\bsleep_for\b|\busleep\()", {"tests/", "bench/"}, "wait on a condition or a timer"},
      {R"(system_clock::now)", {"core/src/base/clock.cpp", "tests/", "bench/"}, "ask the Clock"},
      // A policy that hangs cannot be joined; its thread shares all that it can touch.
      {R"(\bstd::(thread|jthread)\b.*detach|\.detach\(\))",
       {"tests/", "core/src/compaction/policy_runner.cpp"},
       "join what you start"},
      {R"(\bstrcpy\(|\bsprintf\(|\bstrcat\()", {}, "bounded functions"},
      {R"(using namespace std;)", {"tests/tidy/"}, "name what you use"},
      {R"(\b(TODO|FIXME|XXX)\b)", {"tests/tidy/"}, "do it, or say it in an issue"},
      {R"(#include <iostream>)",
       {"tests/", "bench/", "host/main.cpp", "kvctl/", "examples/"},
       "the log"},
  };
  return list;
}

bool is_allowed(const std::string& path, const std::set<std::string>& prefixes) {
  for (const auto& prefix : prefixes) {
    if (path.rfind(prefix, 0) == 0) return true;
  }
  return false;
}

}  // namespace

TEST_CASE("bans: calls that have a better home") {
  for (const auto& ban : banned()) {
    const std::regex pattern(ban.pattern);
    for (const auto& file : sources()) {
      if (is_allowed(file.path, ban.allowed)) continue;
      for (std::size_t i = 0; i < file.lines.size(); ++i) {
        if (!std::regex_search(file.lines[i], pattern)) continue;
        INFO(file.path << ":" << i + 1 << ": instead: " << ban.instead);
        CHECK(file.lines[i].empty());
      }
    }
  }
}

TEST_CASE("sizes: no source file is longer than 600 lines") {
  for (const auto& file : sources()) {
    INFO(file.path << " has " << file.lines.size() << " lines: split it by concern");
    CHECK(file.lines.size() <= 600);
  }
}

TEST_CASE("words: nothing names a machine or a helper program of its authors") {
  for (const auto& file : sources()) {
    if (file.is_under("tests/tidy")) continue;
    INFO(file.path);
    // An absolute path into this very checkout is good on one machine only.
    for (const char* room : {"/core/", "/sdk/", "/host/", "/plugins/", "/tests/", "/build/"}) {
      CHECK(file.text.find(kvhost::testing::source_dir() + room) == std::string::npos);
    }
    CHECK(file.text.find("../shared") == std::string::npos);
  }
}

TEST_CASE("headers: each opens with words and has a guard") {
  for (const auto& file : sources()) {
    if (file.path.size() < 4 || file.path.substr(file.path.size() - 4) != ".hpp") continue;
    INFO(file.path);
    REQUIRE_FALSE(file.lines.empty());
    CHECK(file.lines[0].rfind("//", 0) == 0);
    CHECK(file.text.find("#pragma once") != std::string::npos);
  }
}

TEST_CASE("tests: no name is lost on its way through ctest") {
  // ctest splits a name at a semicolon, and Catch2 takes a leading dash for a flag: such a test
  // would count as passed without ever running.
  const std::regex lost(R"(TEST_CASE\("(-|[^"]*;))");
  for (const auto& file : sources()) {
    if (!file.is_under("tests") || file.is_under("tests/tidy")) continue;
    for (const auto& line : file.lines) {
      INFO(file.path << ": " << line);
      CHECK_FALSE(std::regex_search(line, lost));
    }
  }
}
