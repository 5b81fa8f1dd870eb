#include "services/host_services.hpp"

#include <catch2/catch.hpp>
#include <mutex>
#include <string>
#include <vector>

#include "kvhost/context.hpp"
#include "unit/host_store/store_fixture.hpp"

namespace kvhost::host::testing {
namespace {

class KeptLog final : public Log {
 public:
  bool enabled(LogLevel level) const override { return level >= LogLevel::kInfo; }
  void set_level(LogLevel) override {}
  void write(LogLevel, std::string_view component, std::string_view text) override {
    const std::lock_guard lock(mutex_);
    lines.push_back(std::string(component) + ": " + std::string(text));
  }
  void flush() override {}
  std::vector<std::string> lines;

 private:
  std::mutex mutex_;
};

}  // namespace

TEST_CASE("a component finds its services, and only those it is offered") {
  KeptLog log;
  ServiceSettings settings;
  settings.node_id = "n1";
  settings.host_version = "1.2.3";
  settings.data_dir = "/data";
  settings.allow_insecure = true;
  HostServices services(settings, log);
  const kvh_store store{};
  const Context http(&services.host_for("http", {3, &store, nullptr}));
  const Context policy(&services.host_for("tiered"));

  CHECK(http.service<kvh_store>(KVH_SERVICE_STORE) == &store);
  CHECK(policy.service<kvh_store>(KVH_SERVICE_STORE) == nullptr);
  CHECK(policy.service<kvh_journal>(KVH_SERVICE_JOURNAL) == nullptr);
  CHECK(http.service<void>("kvhost.unknown/1") == nullptr);
  CHECK(http.node().io_threads == 3);
  CHECK(policy.node().io_threads == 1);
  CHECK(http.node().node_id == "n1");
  CHECK(http.node().host_version == "1.2.3");
  CHECK(http.node().data_dir == "/data");
  CHECK(http.node().allow_insecure);
  CHECK(http.node().request_timeout == 5s);

  http.log().info("listening");
  policy.log().error("lost");
  CHECK_FALSE(policy.log().enabled(KVH_LOG_DEBUG));
  CHECK(policy.log().enabled(KVH_LOG_ERROR));
  CHECK(log.lines == std::vector<std::string>{"http: listening", "tiered: lost"});
}

TEST_CASE("timer, executor and metrics work through a component's context") {
  KeptLog log;
  Counter done;
  HostServices services({}, log);
  const Context context(&services.host_for("any"));
  context.timer().after(
      1ms, [](void* ctx) noexcept { static_cast<Counter*>(ctx)->add(); }, &done);
  REQUIRE(context.executor().post(KVH_LANE_BACKGROUND, [&] { done.add(); }).is_ok());
  done.wait_for(2);
  context.metrics().gauge("kvhost_test_things", "Things.").series().set(4);
  CHECK(services.metrics().snapshot().at(0).samples.at(0).value == 4);
}

}  // namespace kvhost::host::testing
