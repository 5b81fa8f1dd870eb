// The command line: flags, aliases of --set with one dash and two, and what is refused.
#include "node/command_line.hpp"

#include <catch2/catch.hpp>

namespace kvhost::host {
namespace {

CommandLine parsed(const std::vector<std::string>& arguments) {
  auto command = parse_command_line(arguments);
  INFO((command ? "" : command.error().message()));
  REQUIRE(command.has_value());
  return *command;
}

std::string wrong(const std::vector<std::string>& arguments) {
  const auto command = parse_command_line(arguments);
  REQUIRE_FALSE(command.has_value());
  CHECK(command.error().info().kvhost_exit == 64);
  return command.error().message();
}

// The settings that arguments come to, over the embedded default.
NodeSettings settings_of(const std::vector<std::string>& arguments) {
  Diagnostics diagnostics;
  auto settings = read_node_settings(parsed(arguments).request, diagnostics);
  INFO(diagnostics.to_status().message());
  REQUIRE(diagnostics.empty());
  return *settings;
}

std::string option_text(const ComponentSettings& component, std::string_view key) {
  REQUIRE(component.options.has_value());
  const auto* value = component.options->find(key);
  REQUIRE(value != nullptr);
  return value->text;
}

TEST_CASE("no argument runs the embedded default") {
  const auto command = parsed({});
  CHECK(command.mode == CommandMode::kRun);
  CHECK_FALSE(command.request.file.has_value());
  const auto settings = settings_of({});
  CHECK(settings.transports.size() == 3);
  CHECK(settings.replication.is_none());
}

TEST_CASE("modes") {
  CHECK(parsed({"--check-config", "--config", "a.toml"}).mode == CommandMode::kCheckConfig);
  CHECK(parsed({"--check-config", "--config=a.toml"}).request.file == "a.toml");
  CHECK(parsed({"--print-default-config"}).mode == CommandMode::kPrintDefaultConfig);
  CHECK(parsed({"--list-plugins", "--json"}).json);
  CHECK(parsed({"--version"}).mode == CommandMode::kVersion);
  CHECK(parsed({"-h"}).mode == CommandMode::kHelp);
}

TEST_CASE("the original's flags work with one dash and two, with = and without") {
  for (const std::string dashes : {"-", "--"}) {
    const auto settings =
        settings_of({dashes + "data-dir=/tmp/somewhere", dashes + "max-mem-size", "33554432",
                     dashes + "http-addr=127.0.0.1:18080", dashes + "tcp-addr", "127.0.0.1:19090",
                     dashes + "metrics-addr=127.0.0.1:12112", dashes + "node-id=n9"});
    CHECK(settings.data_dir == "/tmp/somewhere");
    CHECK(settings.engine.memtable_size == 32 << 20);
    CHECK(settings.id == "n9");
    CHECK(option_text(settings.transports[0], "listen") == "127.0.0.1:18080");
    CHECK(option_text(settings.transports[1], "listen") == "127.0.0.1:19090");
    CHECK(option_text(settings.metrics, "listen") == "127.0.0.1:12112");
  }
}

TEST_CASE("peers name a replicated node") {
  const auto settings = settings_of({"--peers", "node2:10002,node3:10003", "--quorum-size=2",
                                     "--replication-addr=127.0.0.1:10001"});
  CHECK(settings.replication.plugin == "leader-follower");
  CHECK(option_text(settings.replication, "listen") == "127.0.0.1:10001");
  CHECK(option_text(settings.replication, "write_quorum") == "2");
  const auto* peers = settings.replication.options->find("peers");
  REQUIRE(peers != nullptr);
  REQUIRE(peers->items.size() == 2);
  CHECK(peers->items[0].find("id")->text == "node2");
  CHECK(peers->items[0].find("address")->text == "node2:10002");
  CHECK(peers->items[1].find("id")->text == "node3");
}

TEST_CASE("a strategy that was chosen is kept") {
  const auto settings = settings_of({"--set", "replication.plugin=raft", "--peers=node2:10002"});
  CHECK(settings.replication.plugin == "raft");
}

TEST_CASE("the later of two wins, alias or not") {
  CHECK(settings_of({"--node-id=a", "--set", "node.id=b"}).id == "b");
  CHECK(settings_of({"--set", "node.id=b", "--node-id=a"}).id == "a");
}

TEST_CASE("a line break in a value brings no second key") {
  const auto settings = settings_of({"--set", "node.id=a\"\nlog_level = \"debug"});
  CHECK(settings.id == "a\"\nlog_level = \"debug");
  CHECK(settings.log_level == engine::LogLevel::kInfo);
}

TEST_CASE("usage errors") {
  CHECK(wrong({"--no-such-flag"}).find("no-such-flag") != std::string::npos);
  CHECK(wrong({"--http"}).find("http") != std::string::npos);
  CHECK(wrong({"node.toml"}).find("--config FILE") != std::string::npos);
  CHECK(wrong({"--config"}).find("config") != std::string::npos);
  CHECK(wrong({"--set", "memory=5"}).find("section.key=value") != std::string::npos);
  CHECK(wrong({"--json"}).find("--list-plugins") != std::string::npos);
  CHECK(wrong({"--check-config", "--version"}).find("cannot go together") != std::string::npos);
  CHECK(wrong({"--config", "a", "--config", "b"}).find("config") != std::string::npos);
}

TEST_CASE("help names every flag") {
  const auto help = help_text();
  for (const char* flag : {"--config", "--set", "--data-dir", "--peers", "--quorum-size"}) {
    INFO(flag);
    CHECK(help.find(flag) != std::string::npos);
  }
}

}  // namespace
}  // namespace kvhost::host
