// Damaged data under a node: what it still serves, and what it refuses to start on (65).
#include <signal.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>

#include "host/node_folder.hpp"

namespace kvhost::host {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace)
namespace fs = std::filesystem;

// A node over TCP with one table and a log behind it, and then without the process.
struct StoppedNode {
  StoppedNode() {
    const std::string plugins = kvhost::testing::binary_dir() + "/tests/plugins/";
    folder.write("[node]\nplugin_path = [\"" + plugins +
                 "tiny\"]\n[engine]\nmemory = \"32MiB\"\nwal_segment_size = \"1MiB\"\n"
                 "[compaction]\nplugin = \"tiny\"\n[[transport]]\nplugin = \"tcp\"\n"
                 "options = { listen = \"127.0.0.1:0\" }\n[metrics]\nplugin = \"none\"\n");
    NodeProcess node(folder.path(), {"--config", "node.toml"});
    REQUIRE(node.prints("ready"));
    for (const char* key : {"apple", "plum"}) {
      REQUIRE(kvctl(node, {"put", key, "a value of a table"}).exit_code == 0);
    }
    REQUIRE(kvctl(node, {"flush"}).exit_code == 0);
    for (const char* key : {"log1", "log2", "log3"}) {
      REQUIRE(kvctl(node, {"put", key, "a value of the log"}).exit_code == 0);
    }
    // A kill, so that the log is still needed.
    node.send(SIGKILL);
    node.wait();
  }
  Finished kvctl(NodeProcess& node, std::vector<std::string> command) const {
    const std::string out = node.out();
    const std::string before = "tcp listens on ";
    const auto at = out.find(before) + before.size();
    command.insert(command.begin(), {"--endpoint", out.substr(at, out.find('\n', at) - at)});
    return NodeProcess(folder.path(), command, {}, "kvctl").wait();
  }
  // The files of the data directory whose path holds `part`, in order.
  std::vector<std::string> files(const std::string& part) const {
    std::vector<std::string> found;
    for (const auto& entry : fs::recursive_directory_iterator(folder.path() + "/data")) {
      const std::string path = entry.path().string();
      if (entry.is_regular_file() && says(path, part)) found.push_back(path);
    }
    std::sort(found.begin(), found.end());
    return found;
  }
  // The byte at which `text` stands in one of the files, changed; the file's path.
  std::string damage(const std::vector<std::string>& where, const std::string& text) const {
    for (const auto& path : where) {
      std::stringstream bytes;
      bytes << std::ifstream(path, std::ios::binary).rdbuf();
      const auto at = bytes.str().find(text);
      if (at == std::string::npos) continue;
      std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
      file.seekp(static_cast<std::streamoff>(at));
      file.put('#');
      return path;
    }
    FAIL(text + " is nowhere");
    return {};
  }
  void expect_refusal(const std::string& file) const {
    const auto end = run_kvhost(folder.path(), {"--config", "node.toml"});
    INFO(end.err);
    CHECK(end.exit_code == 65);
    CHECK(says(end.err, fs::path(file).filename().string()));
    CHECK(says(end.err, "kvctl repair"));
    CHECK_FALSE(says(end.out, "ready"));
  }

  NodeFolder folder;
};

TEST_CASE("damage: a node over a damaged table is ready, and refuses only what the damage holds") {
  const StoppedNode stopped;
  const std::string table = stopped.damage(stopped.files(".sst"), "a value of a table");
  NodeProcess node(stopped.folder.path(), {"--config", "node.toml"});
  REQUIRE(node.prints("ready"));
  const auto read = stopped.kvctl(node, {"get", "apple"});
  CHECK(read.exit_code == 5);
  CHECK(says(read.err, "corruption"));
  CHECK(says(read.err, fs::path(table).filename().string()));
  CHECK(stopped.kvctl(node, {"get", "log1"}).out == "a value of the log\n");
  CHECK(stopped.kvctl(node, {"put", "new", "value"}).exit_code == 0);
  node.send(SIGTERM);
  CHECK(node.wait().exit_code == 0);
}

TEST_CASE("damage: inside the log the node refuses to start") {
  const StoppedNode stopped;
  stopped.expect_refusal(stopped.damage(stopped.files("wal"), "log1"));
}

TEST_CASE("damage: a missing table is refused at start") {
  const StoppedNode stopped;
  const auto tables = stopped.files(".sst");
  REQUIRE_FALSE(tables.empty());
  fs::remove(tables[0]);
  stopped.expect_refusal(tables[0]);
}

TEST_CASE("damage: a damaged MANIFEST is refused at start") {
  const StoppedNode stopped;
  const auto manifests = stopped.files("MANIFEST");
  REQUIRE_FALSE(manifests.empty());
  const std::string manifest = manifests.back();
  std::fstream file(manifest, std::ios::binary | std::ios::in | std::ios::out);
  file.seekp(static_cast<std::streamoff>(fs::file_size(manifest) / 3));
  file << "####";
  file.close();
  stopped.expect_refusal(manifest);
}

}  // namespace
}  // namespace kvhost::host
