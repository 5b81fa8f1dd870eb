// Every mistake that a configuration can hold, and what is said about it: tests/data/config/*.txt.
//
//   === what the case shows
//   --- set            arguments of --set, one a line (may be left out)
//   --- file           the node.toml (left out: the embedded default)
//   --- output         the mistakes, or the configuration that it comes to
//
// KVHOST_REWRITE=1 writes the output anew.
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "config/config_pages.hpp"
#include "config/node_settings.hpp"
#include "kvhost/options.hpp"
#include "support/golden_file.hpp"
#include "support/places.hpp"
#include "support/temporary_directory.hpp"

namespace kvhost::host {
namespace {

constexpr auto kPeer =
    kvhost::options(kvhost::string("id").required(), kvhost::address("address", "127.0.0.1:1"));
// What the component "sample" of these files declares: an option of every type.
constexpr auto kSampleOptions = kvhost::options(
    kvhost::integer("fanout", 4).min(2).max(64).unit("files"), kvhost::integer("many", 1).min(1),
    kvhost::number("ratio", "0.5").min("0").max("1"), kvhost::boolean("eager", false),
    kvhost::size("target", "64MiB").min("1MiB").max("1GiB"), kvhost::duration("pause", "10ms"),
    kvhost::choice("mode", "calm", "calm", "brisk"), kvhost::string("title"),
    kvhost::string("password").secret(), kvhost::address("listen", "127.0.0.1:0"),
    kvhost::file_path("script"), kvhost::strings("names"), kvhost::tables("peers", kPeer),
    kvhost::string("tls.cert"));

struct Case {
  std::string title;
  std::vector<std::string> set;
  std::optional<std::string> file;
};

std::vector<Case> read_cases(const std::string& text) {
  std::vector<Case> cases;
  std::istringstream lines(text);
  std::string line;
  std::string part;
  while (std::getline(lines, line)) {
    if (line.starts_with("=== ")) {
      cases.push_back({line.substr(4), {}, std::nullopt});
      part.clear();
    } else if (line.starts_with("--- ")) {
      part = line.substr(4);
      if (part == "file") cases.back().file = "";
    } else if (part == "set") {
      if (!line.empty()) cases.back().set.push_back(line);
    } else if (part == "file") {
      *cases.back().file += line + "\n";
    }
  }
  return cases;
}

std::string replaced(std::string text, const std::string& what, const std::string& with) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size())) {
    text.replace(at, what.size(), with);
  }
  return text;
}

// One member a line, so that a change is a small diff.
std::string broken_lines(const std::string& json) { return replaced(json, "},\"", "},\n\""); }

std::string output_of(const Case& one, const std::string& directory) {
  ConfigRequest request;
  Diagnostics diagnostics;
  if (one.file) {
    request.file = directory + "/node.toml";
    std::ofstream(*request.file, std::ios::binary) << *one.file;
  }
  for (const auto& text : one.set) {
    auto argument = parse_set_argument(text);
    if (!argument) return argument.error().message() + "\n";
    request.arguments.push_back(*argument);
  }
  const auto settings = read_node_settings(request, diagnostics);
  const detail::OptionTable table(kSampleOptions.items.data(), kSampleOptions.items.size());
  const auto schema = read_schema(table.rows(), table.count(), sizeof(kvh_option), "sample");
  REQUIRE(schema.has_value());
  std::vector<ComponentPage> pages;
  std::vector<OptionValues> values;
  values.reserve(16);
  const auto add = [&](const ComponentSettings& component, const std::string& section) {
    if (component.plugin != "sample") return;
    values.push_back(validate_options(*schema, component.options ? &*component.options : nullptr,
                                      settings->context_of(component), component.place,
                                      diagnostics));
    pages.push_back({section, component.plugin, "test", "", &*schema, &values.back()});
  };
  if (settings) {
    add(settings->compaction, "compaction");
    add(settings->replication, "replication");
    for (const auto& transport : settings->transports) add(transport, "transport");
    add(settings->metrics, "metrics");
  }
  std::string text = diagnostics.empty() ? broken_lines(config_as_json(*settings, pages))
                                         : diagnostics.to_status().message();
  text = replaced(text, directory + "/", "$FILE/");
  return replaced(text, std::filesystem::current_path().string() + "/", "$CWD/") + "\n";
}

std::string rendered(const Case& one, const std::string& output) {
  std::string text = "=== " + one.title + "\n";
  if (!one.set.empty()) {
    text += "--- set\n";
    for (const auto& line : one.set) text += line + "\n";
  }
  if (one.file) text += "--- file\n" + *one.file;
  return text + "--- output\n" + output;
}

TEST_CASE("configurations come to what the golden files say") {
  const std::filesystem::path folder =
      std::filesystem::path(kvhost::testing::test_data()) / "config";
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".txt") continue;
    ++files;
    std::stringstream text;
    text << std::ifstream(entry.path(), std::ios::binary).rdbuf();
    const engine::testing::TemporaryDirectory directory;
    std::string actual;
    const auto cases = read_cases(text.str());
    CHECK_FALSE(cases.empty());
    for (const auto& one : cases) actual += rendered(one, output_of(one, directory.path()));
    const std::string path = "tests/data/config/" + entry.path().filename().string();
    INFO(path);
    CHECK(testing::golden_text(path, actual) == actual);
  }
  CHECK(files >= 4);
}

}  // namespace
}  // namespace kvhost::host
