// tests/data/kvctl/*.txt, story by story. KVHOST_REWRITE=1 writes what comes out into them.
#include <algorithm>
#include <catch2/catch.hpp>
#include <fstream>
#include <set>
#include <sstream>

#include "command_table.hpp"
#include "support/golden_file.hpp"
#include "support/places.hpp"
#include "unit/kvctl/kvctl_script.hpp"

using namespace kvhost;

namespace {

std::vector<std::string> stories() {
  std::vector<std::string> names;
  for (const auto& entry :
       std::filesystem::directory_iterator(kvhost::testing::source_dir() + "/tests/data/kvctl")) {
    if (entry.path().extension() == ".txt") names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::string read(const std::string& name) {
  std::ifstream stream(kvhost::testing::source_dir() + "/tests/data/kvctl/" + name,
                       std::ios::binary);
  std::stringstream text;
  text << stream.rdbuf();
  return text.str();
}

}  // namespace

TEST_CASE("kvctl: the stories go as they are told") {
  for (const auto& name : stories()) {
    INFO(name);
    testing::KvctlScript script;
    const std::string actual = script.play(read(name));
    CHECK(testing::golden_text("tests/data/kvctl/" + name, actual) == actual);
  }
}

TEST_CASE("kvctl: every command has its place in a story") {
  std::string all;
  for (const auto& name : stories()) all += read(name);
  for (const auto& command : kvctl::command_table()) {
    INFO(command.name);
    CHECK(all.find("$ kvctl " + std::string(command.name)) != std::string::npos);
  }
}

TEST_CASE("kvctl: the reference page is fresh") {
  const std::string page = kvctl::reference_page();
  CHECK(testing::golden_text("docs/reference/kvctl.md", page) == page);
}
