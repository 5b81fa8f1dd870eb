// Commands whose output is not the same every time.
#include <boost/json.hpp>
#include <catch2/catch.hpp>
#include <set>
#include <sstream>

#include "plugin_template.hpp"
#include "run.hpp"
#include "unit/transport_tcp/tcp_server.hpp"

using namespace kvhost;

namespace {

struct Ran {
  int code = 0;
  std::string out;
  std::string err;
};

Ran run(const testing::TcpServer& server, const std::vector<std::string>& arguments,
        const std::string& input = {}, bool err_is_terminal = false) {
  std::istringstream in(input);
  std::ostringstream out;
  std::ostringstream err;
  kvctl::Streams streams{in, out, err, {{"KVCTL_ENDPOINT", server.endpoint()}}};
  streams.err_is_terminal = err_is_terminal;
  const int code = kvctl::run(arguments, streams);
  return {code, out.str(), err.str()};
}

}  // namespace

TEST_CASE("kvctl bench: measures, and cleans up") {
  testing::TcpServer server;
  server.store.put("mine", "stays");
  const auto ran = run(server, {"bench", "--seconds", "1", "--keys", "50", "--output", "json"});
  CHECK(ran.code == 0);
  const auto report = boost::json::parse(ran.out).as_object();
  CHECK(report.at("reads").at("operations").to_number<int64_t>() > 0);
  CHECK(report.at("writes").at("per_second").to_number<int64_t>() > 0);
  CHECK(report.at("failures").to_number<int64_t>() == 0);
  CHECK(run(server, {"scan", "--keys-only"}).out == "mine\n");
}

TEST_CASE("kvctl: any byte goes through stdin and back") {
  testing::TcpServer server;
  std::string value;
  for (int i = 0; i < 256; ++i) value.push_back(static_cast<char>(i));
  CHECK(run(server, {"put", "bytes", "-"}, value).code == 0);
  CHECK(run(server, {"get", "bytes", "--raw"}).out == value);
  CHECK(run(server, {"get", "bytes"}).out == value + "\n");
}

TEST_CASE("kvctl import: progress on a terminal only") {
  testing::TcpServer server;
  std::string lines;
  for (int i = 0; i < 1000; ++i) {
    lines += R"({"key":")" + std::to_string(i) + R"(","value":"v"})" + "\n";
  }
  CHECK(run(server, {"import", "-"}, lines).err.empty());
  const auto ran = run(server, {"import", "-"}, lines, true);
  CHECK(ran.out == "imported 1000 entries\n");
  CHECK(ran.err.find("entries") != std::string::npos);
  CHECK(server.store.get("999") == "v");
}

TEST_CASE("kvctl: errors are coloured on a terminal, unless NO_COLOR") {
  testing::TcpServer server;
  CHECK(run(server, {"get", "x"}, "", true).err.starts_with("\033[1;31mkvctl:"));
  std::istringstream in;
  std::ostringstream out;
  std::ostringstream err;
  kvctl::Streams streams{in, out, err, {{"KVCTL_ENDPOINT", server.endpoint()}, {"NO_COLOR", "1"}}};
  streams.err_is_terminal = true;
  CHECK(kvctl::run({"get", "x"}, streams) == 3);
  CHECK(err.str().starts_with("kvctl:"));
}

TEST_CASE("kvctl: a second endpoint serves when the first does not") {
  testing::TcpServer gone;
  testing::TcpServer server;
  const std::string both = gone.endpoint() + "," + server.endpoint();
  gone.stop();
  CHECK(run(server, {"put", "k", "v", "--endpoint", both}).code == 0);
  CHECK(server.store.get("k") == "v");
}

// That the projects build and pass their own tests is for tests/package to say.
TEST_CASE("kvctl plugin new: a project for every kind, nothing left to fill in") {
  for (const char* kind : {"compaction", "transport", "replication", "metrics"}) {
    INFO(kind);
    const auto project = kvctl::new_plugin_project(kind, "two-step");
    REQUIRE(project);
    std::set<std::string> paths;
    for (const auto& file : *project) {
      paths.insert(file.path);
      CHECK(file.text.find("@NAME@") == std::string::npos);
      CHECK(file.text.find("@CLASS@") == std::string::npos);
      CHECK(file.text.find("@IDENTIFIER@") == std::string::npos);
    }
    for (const char* path : {"CMakeLists.txt", "README.md", "src/plugin.cpp", "src/two_step.hpp",
                             "test/two_step_test.cpp"}) {
      CHECK(paths.count(path) == 1);
    }
  }
  CHECK_FALSE(kvctl::new_plugin_project("cache", "mine"));
  CHECK_FALSE(kvctl::new_plugin_project("metrics", "Mine"));
}
