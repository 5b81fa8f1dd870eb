// The embedded default and the pages that are made from the schemas. These need the plugins that
// the default names: they run on a complete build.
#include <catch2/catch.hpp>

#include "host/node_folder.hpp"
#include "support/golden_file.hpp"

namespace kvhost::host {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace)

TEST_CASE("the embedded default has no mistakes") {
  const NodeFolder folder;
  const auto end = run_kvhost(folder.path(), {"--check-config"});
  INFO(end.err);
  CHECK(end.exit_code == 0);
}

TEST_CASE("the flag --check-config accepts what --print-default-config prints") {
  const NodeFolder folder;
  const auto printed = run_kvhost(folder.path(), {"--print-default-config"});
  INFO(printed.err);
  REQUIRE(printed.exit_code == 0);
  folder.write(printed.out);
  const auto checked = run_kvhost(folder.path(), {"--check-config", "--config", "node.toml"});
  INFO(checked.err);
  CHECK(checked.exit_code == 0);
  CHECK(says(printed.out, "memtable_size = \"64MiB\""));
}

TEST_CASE("the default as a file means the same as no file") {
  const NodeFolder folder;
  const auto printed = run_kvhost(folder.path(), {"--print-default-config"});
  folder.write(printed.out);
  const auto listens = [](const std::string& page) {
    std::string lines;
    std::istringstream stream(page);
    for (std::string line; std::getline(stream, line);) {
      if (line.starts_with("listen = ") || line.starts_with("plugin = ")) lines += line + "\n";
    }
    return lines;
  };
  CHECK(listens(printed.out) ==
        "plugin = \"leveled\"\nplugin = \"none\"\nplugin = \"http\"\nlisten = \"127.0.0.1:8080\"\n"
        "plugin = \"tcp\"\nlisten = \"127.0.0.1:9090\"\n"
        "plugin = \"resp\"\nlisten = \"127.0.0.1:6380\"\nplugin = \"prometheus\"\n"
        "listen = \"127.0.0.1:2112\"\n");
}

TEST_CASE("docs/reference/config.md is what the schemas say") {
  const NodeFolder folder;
  const auto printed = run_kvhost(folder.path(), {"--print-config-reference"});
  INFO(printed.err);
  REQUIRE(printed.exit_code == 0);
  CHECK(kvhost::testing::golden_text("docs/reference/config.md", printed.out) == printed.out);
}

}  // namespace
}  // namespace kvhost::host
