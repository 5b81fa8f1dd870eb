// A node inside the test: what administrators see and change while it runs.
#include "node/node.hpp"

#include <catch2/catch.hpp>
#include <thread>

#include "host/node_folder.hpp"
#include "support/places.hpp"

namespace kvhost::host {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace)

// Runs the control queue on a thread of its own, as main would.
struct RunningNode {
  explicit RunningNode(const NodeFolder& folder) {
    Diagnostics diagnostics;
    const std::string more = kvhost::testing::binary_dir() + "/tests/plugins/";
    ConfigRequest request{folder.config(), {}};
    request.arguments.push_back({"node.plugin_path",
                                 more + "tiny," + more + "plain-c," + more + "throwing", "test",
                                 false});
    auto parts = prepare_node(request, diagnostics);
    INFO(diagnostics.to_status().message());
    REQUIRE(diagnostics.empty());
    auto started = Node::start(std::move(*parts), *log, control);
    INFO((started ? "" : started.error().message()));
    REQUIRE(started.has_value());
    node = std::move(*started);
    thread = std::thread([this] { control.run(); });
  }
  ~RunningNode() {
    control.request_stop();
    thread.join();
    CHECK(node->shut_down(std::chrono::steady_clock::now() + std::chrono::seconds(5)));
  }

  std::unique_ptr<Log> log = Log::to_stderr(LogLevel::kError, LogFormat::kText);
  ControlQueue control;
  std::unique_ptr<Node> node;
  std::thread thread;
};

TEST_CASE("a running node shows its plugins, its configuration and its transports") {
  const NodeFolder folder;
  folder.write_tiny("", "fanout = 7\npassword = \"hush\"");
  const RunningNode running(folder);
  const auto config = running.node->config_json();
  CHECK(says(config, "\"fanout\":7"));
  CHECK(says(config, "\"password\":\"***\""));
  CHECK_FALSE(says(config, "hush"));
  CHECK(says(running.node->plugins_json(), "\"state\":\"loaded\""));
  const auto transports = running.node->transports();
  REQUIRE(transports.size() == 1);
  CHECK(transports[0].name == "tiny-line");
  REQUIRE(transports[0].addresses.size() == 1);
  CHECK(says(transports[0].addresses[0], "127.0.0.1:"));
}

TEST_CASE("the compaction policy is switched on a living node, and back") {
  const NodeFolder folder;
  folder.write_tiny("", "fanout = 7");
  const RunningNode running(folder);
  auto& node = *running.node;
  for (int round = 0; round < 3; ++round) {
    REQUIRE(node.use_compaction("plain-c", ""));
    CHECK(says(node.config_json(), "\"compaction\":{\"plugin\":\"plain-c\""));
    REQUIRE(node.use_compaction("tiny", ""));
    // The file's options belong to the policy that the file names.
    CHECK(says(node.config_json(), "\"fanout\":7"));
  }
}

TEST_CASE("a policy that cannot be had leaves the old one") {
  const NodeFolder folder;
  folder.write_tiny();
  const RunningNode running(folder);
  auto& node = *running.node;
  const auto unknown = node.use_compaction("tinny", "");
  CHECK(unknown.code() == StatusCode::INVALID_ARGUMENT);
  CHECK(says(unknown.message(), "Did you mean \"tiny\"?"));
  const auto throwing = node.use_compaction("throwing", "");
  CHECK_FALSE(throwing.is_ok());
  CHECK(says(throwing.message(), "the cat sat on the keyboard"));
  CHECK(says(node.config_json(), "\"compaction\":{\"plugin\":\"tiny\""));
}

TEST_CASE("work for the control thread is refused or dropped once the node stops") {
  ControlQueue control;
  Status dropped;
  std::thread waiting([&] { dropped = control.call([] { return Status(); }); });
  control.post([&control] { control.request_stop(); });
  control.run();
  waiting.join();
  // It ran before the stop, or it was told that it will not.
  CHECK((dropped.is_ok() || dropped.code() == StatusCode::DRAINING));
  CHECK(control.call([] { return Status(); }).code() == StatusCode::DRAINING);
  CHECK_FALSE(control.post([] {}));
}

}  // namespace
}  // namespace kvhost::host
