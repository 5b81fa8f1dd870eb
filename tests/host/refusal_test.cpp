// What a node refuses to start on: the exit code, and words that name the remedy.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>

#include "host/node_folder.hpp"
#include "support/places.hpp"

namespace kvhost::host {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace)

// The words of a start that must fail with `exit_code` without an engine having been opened.
std::string refusal(const NodeFolder& folder, int exit_code,
                    std::vector<std::string> arguments = {}) {
  arguments.insert(arguments.begin(), {"--config", "node.toml"});
  const auto end = run_kvhost(folder.path(), arguments);
  INFO(end.err);
  CHECK(end.exit_code == exit_code);
  return end.err;
}

TEST_CASE("usage errors exit with 64") {
  const NodeFolder folder;
  CHECK(run_kvhost(folder.path(), {"--nonsense"}).exit_code == 64);
  CHECK(run_kvhost(folder.path(), {"node.toml"}).exit_code == 64);
  CHECK(run_kvhost(folder.path(), {"--set", "x"}).exit_code == 64);
}

TEST_CASE("all mistakes of a configuration are told, and nothing is opened") {
  const NodeFolder folder;
  folder.write_tiny("[colours]\n", "fanout = 1\nfannout = 2", "listen = \"nowhere\"",
                    "idd = \"x\"");
  const auto text = refusal(folder, 78);
  CHECK(says(text, "node.toml:3:1: [node] idd: unknown key. Did you mean id?"));
  CHECK(
      says(text, "[compaction.options] (\"tiny\") fanout: expected an integer of files between 2"));
  CHECK(says(text, "fannout: unknown key. Did you mean fanout?"));
  CHECK(says(text, "[transport.options] (\"tiny-line\") listen: expected an address"));
  CHECK(says(text, "[colours]: unknown section"));
  CHECK(says(text, "5 mistakes in the configuration; nothing was opened"));
  CHECK_FALSE(std::filesystem::exists(folder.path() + "/data"));
}

TEST_CASE("what is no TOML, and what is no file") {
  const NodeFolder folder;
  folder.write("[node\n");
  CHECK(says(refusal(folder, 78), "node.toml:1:"));
  const auto missing = run_kvhost(folder.path(), {"--config", "nothing.toml"});
  CHECK(missing.exit_code == 78);
  CHECK(says(missing.err, "nothing.toml: the configuration file cannot be opened"));
}

TEST_CASE("plugins that cannot be had") {
  const NodeFolder folder;
  folder.write_tiny();
  CHECK(says(refusal(folder, 78, {"--set", "compaction.plugin=tinny"}), "Did you mean \"tiny\"?"));
  CHECK(says(refusal(folder, 78, {"--set", "compaction.plugin=tiny-line"}), "is a transport"));
  folder.write_policy("newer-major", "faulty");
  CHECK(says(refusal(folder, 78), "needs plugin ABI 99.0"));
  folder.write_policy("newer-minor", "faulty");
  CHECK(says(refusal(folder, 78), "needs plugin ABI 1.999"));
  folder.write_policy("liar", "faulty");
  CHECK(says(refusal(folder, 78), "test.honest"));
}

TEST_CASE("a plugin that throws in create costs words, not a crash") {
  const NodeFolder folder;
  folder.write_policy("throwing", "throwing");
  const auto text = refusal(folder, 78);
  CHECK(says(text, "the cat sat on the keyboard"));
  CHECK(says(text, "node.toml:8:10"));
  folder.write_policy("silent", "faulty");
  CHECK(says(refusal(folder, 78), "without a word of why"));
  CHECK_FALSE(std::filesystem::exists(folder.path() + "/data/CURRENT"));
}

TEST_CASE("a world-writable plugin is refused") {
  const NodeFolder folder;
  const std::string plugins = folder.path() + "/plugins";
  std::filesystem::create_directory(plugins);
  std::filesystem::copy_file(kvhost::testing::binary_dir() + "/tests/plugins/tiny/tiny.so",
                             plugins + "/tiny.so");
  REQUIRE(chmod((plugins + "/tiny.so").c_str(), 0777) == 0);
  folder.write_tiny();
  CHECK(says(refusal(folder, 78, {"--set", "node.plugin_path=plugins"}), "chmod o-w " + plugins));
}

TEST_CASE("a plugin that its group may write is told of, once") {
  const NodeFolder folder;
  const std::string plugins = folder.path() + "/plugins";
  std::filesystem::create_directory(plugins);
  std::filesystem::copy_file(kvhost::testing::binary_dir() + "/tests/plugins/tiny/tiny.so",
                             plugins + "/tiny.so");
  REQUIRE(chmod((plugins + "/tiny.so").c_str(), 0775) == 0);
  folder.write_tiny();
  // It offers the policy and the transport of this node.
  NodeProcess node(folder.path(),
                   {"--config", "node.toml", "--set", "node.plugin_path=" + plugins});
  REQUIRE(node.prints("ready"));
  node.send(SIGTERM);
  const auto end = node.wait();
  CHECK(end.exit_code == 0);
  const auto at = end.err.find("chmod g-w " + plugins + "/tiny.so");
  REQUIRE(at != std::string::npos);
  CHECK(end.err.find("chmod g-w", at + 1) == std::string::npos);
}

TEST_CASE("a plugin of clang and libc++ runs in this host") {
  if (access((kvhost::testing::binary_dir() + "/tests/plugins/libcxx/tiny.so").c_str(), R_OK) !=
      0) {
    WARN("skipped: clang++ with libc++ is not here, or this is a sanitizer build");
    return;
  }
  const NodeFolder folder;
  folder.write_policy("libcxx", "tiny");
  NodeProcess node(folder.path(), {"--config", "node.toml"});
  REQUIRE(node.prints("ready"));
  CHECK(says(node.err(), "tiny: fanout is 4"));
  node.send(SIGTERM);
  CHECK(node.wait().exit_code == 0);
}

TEST_CASE("listening beyond this machine needs the operator's word") {
  const NodeFolder folder;
  for (const char* listen : {"0.0.0.0:0", ":0", "[::]:0"}) {
    folder.write_tiny("", "", "listen = \"" + std::string(listen) + "\"");
    CHECK(says(refusal(folder, 78), "allow_insecure = true"));
  }
  folder.write_tiny("", "", "listen = \"0.0.0.0:0\"");
  NodeProcess node(folder.path(),
                   {"--config", "node.toml", "--set", "security.allow_insecure=true"});
  REQUIRE(node.prints("tiny-line listens on 0.0.0.0:"));
  node.send(SIGTERM);
  CHECK(node.wait().exit_code == 0);
}

TEST_CASE("a taken port exits with 69") {
  const int taken = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof(address);
  REQUIRE(bind(taken, reinterpret_cast<sockaddr*>(&address), length) == 0);
  REQUIRE(listen(taken, 1) == 0);
  getsockname(taken, reinterpret_cast<sockaddr*>(&address), &length);
  const std::string listen = "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  const NodeFolder folder;
  folder.write_tiny("", "", "listen = \"" + listen + "\"");
  const auto text = refusal(folder, 69);
  CHECK(says(text, "cannot listen on " + listen));
  CHECK(says(text, "port 0 picks a free one"));
  close(taken);
}

TEST_CASE("a data directory in use exits with 75") {
  const NodeFolder folder;
  folder.write_tiny();
  NodeProcess node(folder.path(), {"--config", "node.toml"});
  REQUIRE(node.prints("ready"));
  CHECK(says(refusal(folder, 75), folder.path() + "/data"));
  node.send(SIGTERM);
  CHECK(node.wait().exit_code == 0);
}

TEST_CASE("a data directory that cannot be made exits with 74") {
  const NodeFolder folder;
  folder.write_tiny();
  CHECK(says(refusal(folder, 74, {"--set", "node.data_dir=node.toml/data"}), "node.toml/data"));
}

TEST_CASE("a folder with other files in it is not taken for data") {
  const NodeFolder folder;
  folder.write_tiny();
  const auto end = run_kvhost(folder.path(), {"--config", "node.toml", "--set", "node.data_dir=."});
  CHECK(end.exit_code != 0);
  CHECK(says(end.err, folder.path()));
  CHECK(std::filesystem::exists(folder.config()));
}

TEST_CASE("a full disk at start exits with 74") {
  const NodeFolder folder;
  folder.write_tiny("", "", "", "data_dir = \"small/data\"");
  const std::string small = folder.path() + "/small";
  std::filesystem::create_directory(small);
  if (mount("none", small.c_str(), "tmpfs", 0, "size=256k") != 0) {
    WARN("skipped: a small file system cannot be mounted here");
    return;
  }
  const auto text = refusal(folder, 74);
  CHECK(says(text, small));
  CHECK(umount2(small.c_str(), MNT_DETACH) == 0);
}

TEST_CASE("the flags --check-config --list-plugins and --version open nothing") {
  const NodeFolder folder;
  folder.write_tiny();
  const auto checked = run_kvhost(folder.path(), {"--check-config", "--config", "node.toml"});
  CHECK(checked.exit_code == 0);
  CHECK(checked.out == "node.toml: no mistakes\n");
  const auto listed =
      run_kvhost(folder.path(), {"--list-plugins", "--json", "--config", "node.toml"});
  CHECK(listed.exit_code == 0);
  CHECK(says(listed.out, "\"id\":\"test.tiny\""));
  CHECK(says(run_kvhost(folder.path(), {"--version"}).out, "kvhost "));
  CHECK_FALSE(std::filesystem::exists(folder.path() + "/data"));
}

}  // namespace
}  // namespace kvhost::host
