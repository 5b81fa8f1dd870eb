#include <boost/json.hpp>
#include <filesystem>

#include "store/base64.hpp"
#include "store/pending_call.hpp"
#include "support/temporary_directory.hpp"
#include "unit/host_store/store_fixture.hpp"

namespace kvhost::host::testing {
namespace {

namespace json = boost::json;

class FakeNode final : public NodeView {
 public:
  std::string node_id() const override { return "n1"; }
  std::string host_version() const override { return "1.2.3"; }
  std::vector<TransportFacts> transports() const override {
    return {{"http", {"127.0.0.1:8080"}, R"({"connections":2})"}};
  }
  std::vector<std::string> not_ready_reasons() const override { return reasons; }
  std::string plugins_json() const override { return R"([{"id":"org.example.x"}])"; }
  std::string config_json() const override { return R"({"node":{"id":"n1"}})"; }
  Status use_compaction(std::string_view name, std::string_view options) override {
    if (name == "lazy" && (options.empty() || options == "fanout = 4")) return {};
    return {StatusCode::INVALID_ARGUMENT, "no policy \"" + std::string(name) + "\""};
  }
  std::vector<std::string> reasons;
};

json::object section(const StoreFixture& node, std::string_view name) {
  const auto text = node.store().info(name);
  REQUIRE(text.has_value());
  return json::parse(*text).as_object();
}

}  // namespace

TEST_CASE("flush, sync, resume and compact do what they say") {
  StoreFixture node;
  node.put("k", "v");
  const auto flushed = node.run_command("flush");
  REQUIRE(flushed->status.is_ok());
  CHECK(json::parse(flushed->json).at("command") == "flush");
  CHECK(node.engine->statistics().tables == 1);
  CHECK(node.run_command("sync", "{}")->status.is_ok());
  CHECK(node.run_command("resume")->status.is_ok());
  CHECK(node.run_command("compact")->status.is_ok());
  const auto range = node.run_command("compact", R"({"start":"a","end_base64":"eg==","space":0})");
  CHECK(range->status.is_ok());
  CHECK(node.get("k") == "v");
}

TEST_CASE("commands refuse what they do not understand, and list what there is") {
  StoreFixture node;
  const auto unknown = node.run_command("explode");
  CHECK(unknown->status.code() == StatusCode::UNKNOWN_ROUTE);
  CHECK_THAT(
      unknown->status.message(),
      Catch::Matchers::Contains("checkpoint compact compaction-use flush resume scrub sync"));
  const auto refused = [&](std::string_view name, std::string_view arguments) {
    const auto answer = node.run_command(name, arguments);
    CHECK(answer->status.code() == StatusCode::INVALID_ARGUMENT);
    return answer->status.message();
  };
  using Catch::Matchers::Contains;
  CHECK_THAT(refused("flush", R"({"x":1})"), Contains("unknown argument \"x\"; it takes none"));
  CHECK_THAT(refused("flush", "[1]"), Contains("no JSON object"));
  CHECK_THAT(refused("flush", "{"), Contains("no JSON object"));
  CHECK_THAT(refused("compact", R"({"start":1})"), Contains("must be a string"));
  CHECK_THAT(refused("compact", R"({"start_base64":"!"})"), Contains("must be base64"));
  CHECK_THAT(refused("compact", R"({"start":"a","start_base64":"YQ=="})"), Contains("left out"));
  CHECK_THAT(refused("compact", R"({"space":16})"), Contains("from 0 to 15"));
  CHECK_THAT(refused("checkpoint", "{}"), Contains("\"name\""));
}

TEST_CASE("checkpoints stay under backup_dir") {
  const engine::testing::TemporaryDirectory backups;
  StoreSettings settings;
  settings.backup_dir = backups.path();
  StoreFixture node(settings);
  for (const char* name : {"/etc", "..", "a/../../b", "./a", "a/", "a/."}) {
    const auto answer =
        node.run_command("checkpoint", json::serialize(json::object{{"name", name}}));
    INFO(name);
    CHECK(answer->status.code() == StatusCode::INVALID_ARGUMENT);
    CHECK_THAT(answer->status.message(), Catch::Matchers::Contains("backup_dir"));
  }
  std::filesystem::create_directory(backups.path() + "/taken");
  CHECK(node.run_command("checkpoint", R"({"name":"taken"})")->status.code() ==
        StatusCode::CONFLICT);
  node.put("k", "v");
  const auto made = node.run_command("checkpoint", R"({"name":"monday"})");
  INFO(made->status.to_string());
  REQUIRE(made->status.is_ok());
  const std::string path = backups.path() + "/monday";
  CHECK(json::parse(made->json).at("path").as_string() == path);
  CHECK(*node.files.exists(path + "/CURRENT"));
}

TEST_CASE("without a backup_dir there are no checkpoints") {
  StoreFixture node;
  CHECK(node.run_command("checkpoint", R"({"name":"x"})")->status.code() ==
        StatusCode::NOT_SUPPORTED);
}

TEST_CASE("a command that takes longer than its deadline goes on in the background") {
  Counter inside;
  Counter go_on;
  StoreFixture node;
  REQUIRE(node.executor
              .post(KVH_LANE_BACKGROUND,
                    [&] {
                      inside.add();
                      go_on.wait_for(1);
                    })
              .is_ok());
  inside.wait_for(1);
  auto answer = std::make_shared<Answer>();
  Call how = node.call();
  how.deadline_ns = monotonic_ns() + 10'000'000;
  node.store().command(how, "flush", "", [answer](const Status& status, const std::string&) {
    answer->status = status;
    answer->completions.add();
  });
  answer->wait();
  CHECK(answer->status.code() == StatusCode::OUTCOME_UNKNOWN);
  go_on.add();
}

TEST_CASE("every section of info is JSON and tells what it should") {
  StoreFixture node;
  FakeNode around;
  node.facade->attach(*node.engine, nullptr, &around);
  node.put("k", "v");
  node.run_command("flush");
  CHECK(section(node, "health").at("status") == "ok");
  CHECK(section(node, "ready").at("ready") == true);
  const json::object status = section(node, "status");
  CHECK(status.at("node").at("id") == "n1");
  CHECK(status.at("node").at("version") == "1.2.3");
  CHECK(status.at("engine").at("background_error").is_null());
  CHECK(status.at("engine").at("tables") == 1);
  CHECK(status.at("replication").at("strategy") == "none");
  CHECK(status.at("transports").at(0).at("info").at("connections") == 2);
  CHECK(status.at("sessions") == 1);
  const json::object stats = section(node, "stats");
  CHECK(stats.at("store").at("operations").at("put") == 1);
  CHECK(stats.at("store").at("requests").at("put").at("by_status").at("ok") == 1);
  CHECK(stats.at("engine").at("flushes") == 1);
  const json::object lsm = section(node, "lsm");
  const json::value& file = lsm.at("runs").at(0).at("files").at(0);
  CHECK(file.at("entries") == 1);
  CHECK(file.at("smallest_key") == "\\x00k");
  CHECK(node.store().info("plugins").value() == R"([{"id":"org.example.x"}])");
  CHECK(section(node, "config").at("node").at("id") == "n1");
  const auto unknown = node.store().info("nonsense");
  CHECK(unknown.error().code() == StatusCode::UNKNOWN_ROUTE);
  CHECK_THAT(unknown.error().message(), Catch::Matchers::Contains("config health lsm plugins"));
}

TEST_CASE("a node that cannot write, or that has other reasons, is not ready") {
  StoreFixture node;
  FakeNode around;
  node.facade->attach(*node.engine, nullptr, &around);
  node.engine->fault = Status(StatusCode::NO_SPACE, "the disk is full");
  around.reasons = {"the leader is not known"};
  const json::object ready = section(node, "ready");
  CHECK(ready.at("ready") == false);
  CHECK(ready.at("reasons").as_array().size() == 2);
  CHECK(section(node, "health").at("status") == "ok");
  CHECK(section(node, "status").at("engine").at("background_error").at("code") == "no-space");
}

TEST_CASE("compaction-use asks the node") {
  StoreFixture node;
  CHECK(node.run_command("compaction-use", R"({"name":"lazy"})")->status.code() ==
        StatusCode::NOT_SUPPORTED);
  FakeNode around;
  node.facade->attach(*node.engine, nullptr, &around);
  CHECK(node.run_command("compaction-use", R"({"name":"lazy"})")->status.is_ok());
  CHECK(node.run_command("compaction-use", R"({"name":"x"})")->status.code() ==
        StatusCode::INVALID_ARGUMENT);
}

TEST_CASE("base64 with and without padding") {
  CHECK(*decode_base64("") == "");
  CHECK(*decode_base64("YQ==") == "a");
  CHECK(*decode_base64("YQ") == "a");
  CHECK(*decode_base64("YWI=") == "ab");
  CHECK(*decode_base64("/+8A") == std::string("\xFF\xEF\x00", 3));
  for (const char* bad : {"Y", "YQ=", "Y===", "Y Q=", "YR==", "YWJ=", "YQ==YQ=="}) {
    INFO(bad);
    CHECK_FALSE(decode_base64(bad).has_value());
  }
}

}  // namespace kvhost::host::testing
