// Who may include whom: the doors of docs/ARCHITECTURE.md, checked line by line.
#include <catch2/catch.hpp>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "tidy/source_tree.hpp"

namespace {

bool starts_with(const std::string& text, const std::string& prefix) {
  return text.rfind(prefix, 0) == 0;
}

struct Ban {
  const char* folder;
  std::vector<const char*> prefixes;
  const char* why;
};

const std::vector<Ban>& bans() {
  static const std::vector<Ban> list = {
      {"sdk",
       {"kvhost/engine/", "kvhost/host/", "kvhost/client/", "boost/", "spdlog/", "toml"},
       "the sdk stands on the standard library alone"},
      {"core",
       {"kvhost/host/", "kvhost/client/", "boost/", "spdlog/", "toml", "prometheus/"},
       "the engine takes its surroundings by constructor"},
      {"plugins",
       {"kvhost/engine/", "kvhost/host/", "engine/", "format/", "version/"},
       "plugins reach the node through the sdk alone"},
      {"client",
       {"kvhost/engine/", "kvhost/host/", "spdlog/", "toml"},
       "the client speaks the protocol and nothing else"},
  };
  return list;
}

}  // namespace

TEST_CASE("layering: every room includes only what its door lets in") {
  for (const auto& file : sources()) {
    for (const auto& ban : bans()) {
      if (!file.is_under(ban.folder)) continue;
      for (const auto& line : file.lines) {
        const std::string target = included(line);
        for (const char* prefix : ban.prefixes) {
          INFO(file.path << " includes " << target << ": " << ban.why);
          CHECK_FALSE(starts_with(target, prefix));
        }
      }
    }
  }
}

TEST_CASE("layering: inside core, includes go to the left only") {
  // A folder may include itself and the folders whose rank is lower.
  const std::map<std::string, int> rank = {
      {"base", 0},     {"file", 1},    {"format", 1},  {"cache", 1},   {"log", 2},
      {"memtable", 2}, {"sstable", 2}, {"journal", 3}, {"version", 3}, {"compaction", 4},
      {"verify", 4},   {"state", 6},   {"backup", 5},  {"repair", 5},  {"engine", 6}};
  for (const auto& file : sources()) {
    if (!file.is_under("core/src")) continue;
    const std::string rest = file.path.substr(std::string("core/src/").size());
    const std::string folder = rest.substr(0, rest.find('/'));
    INFO(file.path);
    REQUIRE(rank.count(folder) == 1);
    for (const auto& line : file.lines) {
      const std::string target = included(line);
      const std::string other = target.substr(0, target.find('/'));
      if (rank.count(other) == 0 || other == folder) continue;
      INFO("includes " << target);
      CHECK(rank.at(other) < rank.at(folder));
    }
  }
}

TEST_CASE("layering: the libraries that one file alone may know") {
  const std::map<std::string, std::string> homes = {{"toml++/", "host/src/config/"},
                                                    {"boost/dll", "host/src/plugin/"},
                                                    {"spdlog/", "host/src/logging/"},
                                                    {"prometheus/", "plugins/metrics-prometheus/"}};
  for (const auto& file : sources()) {
    if (file.is_under("tests")) continue;
    for (const auto& line : file.lines) {
      for (const auto& [prefix, home] : homes) {
        const std::string target = included(line);
        if (!starts_with(target, prefix)) continue;
        INFO(file.path << " includes " << target << "; only " << home << " may");
        CHECK(starts_with(file.path, home));
      }
    }
  }
}

TEST_CASE("layering: plugins do not include each other") {
  for (const auto& file : sources()) {
    if (!file.is_under("plugins")) continue;
    for (const auto& line : file.lines) {
      INFO(file.path << ": " << line);
      CHECK(included(line).find("../") == std::string::npos);
    }
  }
}
