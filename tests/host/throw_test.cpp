// Plugins that throw, from every method of every kind, in a whole node: words in the log or the
// right exit code, and never a crash.
#include <signal.h>

#include <catch2/catch.hpp>

#include "host/node_folder.hpp"

namespace kvhost::host {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace)

// A node.toml with one trap in it; the rest of the node is sound.
struct TrappedNode {
  TrappedNode(const std::string& kind, const std::string& at) {
    const std::string plugins = kvhost::testing::binary_dir() + "/tests/plugins/";
    const auto part = [&](const char* wanted, const std::string& sound) {
      if (kind != wanted) return sound;
      const std::string name = kind == "compaction"    ? "trap"
                               : kind == "transport"   ? "trap-line"
                               : kind == "replication" ? "trap-queue"
                                                       : "trap-page";
      return "plugin = \"" + name + "\"\noptions = { at = \"" + at + "\", mood = MOOD }\n";
    };
    text = "[node]\nplugin_path = [\"" + plugins + "tiny\", \"" + plugins +
           "throwing\"]\n[engine]\nmemory = \"32MiB\"\nwal_segment_size = \"1MiB\"\n"
           "[compaction]\n" +
           part("compaction", "plugin = \"tiny\"\noptions = { fanout = 1MOOD }\n") +
           "[replication]\n" + part("replication", "plugin = \"none\"\n") + "[[transport]]\n" +
           part("transport", kind == "replication"
                                 ? "plugin = \"tcp\"\noptions = { listen = \"127.0.0.1:0\" }\n"
                                 : "plugin = \"tiny-line\"\n") +
           "[metrics]\n" + part("metrics", "plugin = \"none\"\n");
    write(0);
  }
  void write(int mood) {
    std::string written = text;
    for (auto at = written.find("MOOD"); at != std::string::npos; at = written.find("MOOD")) {
      written.replace(at, 4, std::to_string(mood));
    }
    folder.write(written);
  }
  // Starts, logs `words`, ends on SIGTERM with exit code 0, and tells all that it logged.
  std::string life(const std::string& words = "ready") {
    NodeProcess node(folder.path(), {"--config", "node.toml"});
    CHECK(node.prints("ready"));
    CHECK(node.prints(words));
    node.send(SIGTERM);
    const auto end = node.wait();
    CHECK(end.exit_code == 0);
    return end.err;
  }
  std::string refusal(int exit_code) {
    const auto end = run_kvhost(folder.path(), {"--config", "node.toml"});
    CHECK(end.exit_code == exit_code);
    return end.err;
  }
  std::string reload() {
    NodeProcess node(folder.path(), {"--config", "node.toml"});
    CHECK(node.prints("ready"));
    write(1);
    node.send(SIGHUP);
    CHECK(node.prints("nothing was changed"));
    node.send(SIGTERM);
    const auto end = node.wait();
    CHECK(end.exit_code == 0);
    return end.err;
  }

  NodeFolder folder;
  std::string text;
};

const char* const kKinds[] = {"compaction", "replication", "transport", "metrics"};

TEST_CASE("throws: a component that throws while it is made or started ends the start with words") {
  for (const char* kind : kKinds) {
    INFO(kind);
    CHECK(says(TrappedNode(kind, "create").refusal(78), "create threw: the cat sat on create"));
    CHECK(says(TrappedNode(kind, "start").refusal(70), "start threw: the cat sat on start"));
  }
  CHECK(says(TrappedNode("transport", "start:odd").refusal(70), "no std::exception"));
  for (const char* kind : {"replication", "metrics"}) {
    INFO(kind);
    CHECK(says(TrappedNode(kind, "attach").refusal(70), "attach threw: the cat sat on attach"));
  }
}

TEST_CASE("throws: a create that makes nothing and says ok is refused") {
  for (const char* kind : kKinds) {
    INFO(kind);
    CHECK(says(TrappedNode(kind, "nothing").refusal(78), "create made nothing"));
  }
}

TEST_CASE("throws: a component that throws while it ends is told of, and the node ends well") {
  for (const char* kind : kKinds) {
    INFO(kind);
    CHECK(says(TrappedNode(kind, "stop").life(), "stop threw: the cat sat on stop"));
    CHECK(says(TrappedNode(kind, "stop:odd").life(), "threw something that is no std"));
  }
  CHECK(says(TrappedNode("transport", "drain").life(), "drain threw: the cat sat on drain"));
  // It had told its end before it threw.
  CHECK(says(TrappedNode("transport", "drained").life(), "trap-line: ended a call that was over"));
}

TEST_CASE("throws: a reload that throws changes nothing") {
  for (const char* kind : {"compaction", "transport"}) {
    INFO(kind);
    CHECK(says(TrappedNode(kind, "reconfigure").reload(), "reconfigure threw: the cat sat"));
  }
}

TEST_CASE("throws: what a reload had changed before another component threw is put back") {
  // The policy is asked first, and takes the new value.
  const std::string log = TrappedNode("transport", "reconfigure").reload();
  const auto taken = log.find("tiny: fanout is 11");
  REQUIRE(taken != std::string::npos);
  CHECK(log.find("tiny: fanout is 10", taken) != std::string::npos);
}

TEST_CASE("throws: what only shows something throws, and the node serves") {
  for (const char* method : {"addresses", "info"}) TrappedNode("transport", method).life();
  TrappedNode("metrics", "addresses").life();
  TrappedNode("compaction", "pressure").life();
  TrappedNode("compaction", "plan").life("plan threw: the cat sat on plan");
}

TEST_CASE("throws: a strategy that throws refuses its clients with words") {
  const auto answer = [](const std::string& method, std::vector<std::string> command) {
    TrappedNode trapped("replication", method);
    NodeProcess node(trapped.folder.path(), {"--config", "node.toml"});
    REQUIRE(node.prints("ready"));
    const std::string out = node.out();
    const std::string before = "tcp listens on ";
    const auto at = out.find(before);
    REQUIRE(at != std::string::npos);
    const std::string address =
        out.substr(at + before.size(), out.find('\n', at) - at - before.size());
    command.insert(command.begin(), {"--endpoint", address});
    const auto told = NodeProcess(trapped.folder.path(), command, {}, "kvctl").wait();
    // The node goes on.
    const auto health =
        NodeProcess(trapped.folder.path(), {"--endpoint", address, "health"}, {}, "kvctl").wait();
    CHECK(health.exit_code != 2);
    node.send(SIGTERM);
    CHECK(node.wait().exit_code == 0);
    return told.out + told.err + node.err();
  };
  CHECK(says(answer("propose", {"put", "k", "v"}), "propose threw: the cat sat on propose"));
  CHECK(says(answer("read_barrier", {"get", "k"}), "read_barrier threw: the cat sat on read"));
  CHECK(says(answer("command", {"cluster", "transfer-leader", "node2"}), "the cat sat on command"));
  CHECK(says(answer("leader_hint", {"put", "k", "v"}), "it orders nothing"));
  CHECK(says(answer("status", {"status"}), "ready"));
  CHECK(says(answer("traits", {"put", "k", "v"}), "traits threw: the cat sat on traits"));
  // It had ended the call before it threw: the first end counts, and the second is told of.
  const auto twice = answer("proposed", {"put", "k", "v"});
  CHECK(says(twice, "it orders nothing"));
  CHECK(says(twice, "trap-queue: ended a call"));
}

}  // namespace
}  // namespace kvhost::host
