// What @NAME@ writes, and when: time goes on when the test says so.
#include <filesystem>
#include <fstream>
#include <kvhost/testing.hpp>
#include <sstream>

using namespace kvhost::testing;

namespace {

struct Trial {
  Trial() {
    kvhost::Context(host.table())
        .metrics()
        .counter("requests_total", "requests served", {"op"})
        .series({"get"})
        .add(3);
    KVHOST_CHECK(exporter.attach(host.metrics()).is_ok());
  }
  ~Trial() { std::filesystem::remove(file); }

  void pass(std::chrono::seconds seconds) {
    host.time().advance(seconds);
    host.executor().run_all();
  }
  std::string text() const {
    std::stringstream read;
    read << std::ifstream(file).rdbuf();
    return read.str();
  }

  FakeHost host;
  const std::string file = "@NAME@-test.prom";
  ExporterUnderTest exporter{Component::create(*find_component(kvhost_plugin_v1(), "@NAME@"), host,
                                               {{"file", file}, {"interval", "10s"}})
                                 .value()};
};

}  // namespace

KVHOST_TEST(the_file_is_written_when_the_interval_has_passed) {
  Trial trial;
  trial.pass(std::chrono::seconds(9));
  KVHOST_CHECK(trial.text().empty());
  trial.pass(std::chrono::seconds(1));
  KVHOST_CHECK(trial.text() ==
               "# HELP requests_total requests served\n"
               "# TYPE requests_total counter\n"
               "requests_total{op=\"get\"} 3\n");
}

KVHOST_TEST(it_is_written_again_and_again) {
  Trial trial;
  for (int i = 0; i < 5; ++i) trial.pass(std::chrono::seconds(10));
  KVHOST_CHECK(trial.host.metrics().collections() == 5);
}

KVHOST_TEST(nothing_is_collected_after_stop) {
  Trial trial;
  trial.host.time().advance(std::chrono::seconds(10));  // the work is posted, but has not run
  trial.exporter.component().stop();
  trial.pass(std::chrono::seconds(100));
  KVHOST_CHECK(trial.host.metrics().collections() == 0);
}

KVHOST_TEST(a_file_that_cannot_be_written_is_told) {
  FakeHost host;
  ExporterUnderTest exporter(Component::create(*find_component(kvhost_plugin_v1(), "@NAME@"), host,
                                               {{"file", "/dev/null/a.prom"}})
                                 .value());
  KVHOST_CHECK(exporter.attach(host.metrics()).is_ok());
  host.time().advance(std::chrono::seconds(15));
  host.executor().run_all();
  KVHOST_CHECK(host.logged("/dev/null/a.prom: cannot be written"));
}

KVHOST_TEST_MAIN()
