// The command line of `kvbench server`.
#include "server/server_options.hpp"

#include <catch2/catch.hpp>

namespace kvbench {
namespace {

TEST_CASE("server options: endpoints") {
  const auto endpoint = parse_endpoint("resp://127.0.0.1:6380");
  CHECK(endpoint.protocol == Protocol::kResp);
  CHECK(endpoint.host == "127.0.0.1");
  CHECK(endpoint.port == "6380");
  const auto six = parse_endpoint("http://[::1]:8080");
  CHECK(six.host == "::1");
  CHECK(six.host_and_port() == "[::1]:8080");
  for (const char* text :
       {"", "tcp://", "tcp://host", "tcp://:9090", "tcp://host:", "tcp://h:0", "tcp://h:65536",
        "tcp://h:9x", "udp://h:1", "h:9090", "http://h:80/", "tcp://::1:9090", "http://h/x:80"}) {
    INFO(text);
    CHECK_THROWS_WITH(parse_endpoint(text), Catch::Contains("expected tcp://HOST:PORT"));
  }
}

TEST_CASE("server options: several endpoints, by commas or one by one") {
  const auto options = parse_server_options(
      {"--endpoint", "tcp://a:1,http://b:2", "--endpoint=resp://c:3", "--rounds", "3"});
  REQUIRE(options.endpoints.size() == 3);
  CHECK(options.endpoints[2].text == "resp://c:3");
  CHECK(options.rounds == 3);
  CHECK(options.plan.rate == 0);
  CHECK_FALSE(options.is_loaded);
}

TEST_CASE("server options: everything given arrives") {
  const auto options =
      parse_server_options({"--endpoint", "tcp://a:1", "--workload", "ycsbb", "--connections", "3",
                            "--depth", "16", "--rate", "2500.5", "--seconds", "0.5", "--keys",
                            "1000", "--value", "8", "--loaded", "--json", "out.json"});
  CHECK(options.plan.workload == "ycsbb");
  CHECK(options.plan.connections == 3);
  CHECK(options.plan.depth == 16);
  CHECK(options.plan.rate == 2500.5);
  CHECK(options.plan.seconds == 0.5);
  CHECK(options.plan.keys == 1000);
  CHECK(options.plan.value_bytes == 8);
  CHECK(options.is_loaded);
  CHECK(options.json_file == "out.json");
}

TEST_CASE("server options: a mistake is named, with what is expected") {
  const auto error = [](std::vector<std::string> arguments) -> std::string {
    arguments.insert(arguments.begin(), {"--endpoint", "tcp://a:1"});
    try {
      parse_server_options(arguments);
    } catch (const std::invalid_argument& thrown) {
      return thrown.what();
    }
    return "accepted";
  };
  CHECK(error({"--connections", "0"}) == "--connections 0: expected a whole number from 1 to 1024");
  CHECK(error({"--depth", "1.5"}) == "--depth 1.5: expected a whole number from 1 to 1024");
  CHECK(error({"--value", "7"}) == "--value 7: expected a whole number from 8 to 67108864");
  CHECK(error({"--rate", "0"}) == "--rate 0: expected from 0.1 to 10000000");
  CHECK(error({"--keys", "nan"}) == "--keys nan: expected a whole number from 1 to 1000000000");
  CHECK_THAT(error({"--workload", "fast"}),
             Catch::Contains("--workload \"fast\": expected one of put"));
  CHECK_THAT(error({"--speed", "1"}), Catch::Contains("--speed") && Catch::Contains("--help"));
  CHECK_THAT(error({"put"}), Catch::Contains("--help"));
  CHECK_THROWS_WITH(parse_server_options({}), Catch::Contains("--endpoint is missing"));
}

}  // namespace
}  // namespace kvbench
