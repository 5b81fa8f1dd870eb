// The policy `time-window` as a plugin: the decision itself is the SDK's
// (kvhost/policy/time_window.hpp).
#include <kvhost/plugin.hpp>
#include <kvhost/policy/time_window.hpp>
#include <memory>
#include <utility>

namespace {

class TimeWindow final : public kvhost::TimeWindowPolicy {
 public:
  static constexpr auto kOptions = kvhost::options(
      kvhost::duration("window", "1h")
          .min("1s")
          .max("8760h")
          .doc("what is written within one window becomes one run"),
      kvhost::integer("fanout", 4)
          .min(2)
          .max(16)
          .unit("runs")
          .doc("runs of the open window that are merged at once"),
      kvhost::integer("max_windows", 32)
          .min(1)
          .max(1000)
          .unit("runs")
          .doc("more runs of past windows than these are merged"),
      kvhost::size("max_size", "0B")
          .doc("above this the oldest run is dropped with everything in it, if [compaction] "
               "allow_lossy_drop is true; 0 = never"),
      kvhost::size("target_file", "64MiB")
          .min("64KiB")
          .max("4GiB")
          .doc("size at which an output file is cut"));

  TimeWindow(kvhost::TimeWindowOptions options, kvhost::Log log)
      : TimeWindowPolicy(options), log_(std::move(log)) {}

  static kvhost::Result<std::unique_ptr<TimeWindow>> create(kvhost::Context& context,
                                                            const kvhost::Config& config) {
    kvhost::TimeWindowOptions options;
    options.window_ms = static_cast<uint64_t>(config.duration("window").count()) / 1'000'000;
    options.fanout = static_cast<uint32_t>(config.integer("fanout"));
    options.max_windows = static_cast<uint32_t>(config.integer("max_windows"));
    options.max_bytes = config.bytes("max_size");
    options.target_file_bytes = config.bytes("target_file");
    return std::make_unique<TimeWindow>(options, context.log());
  }

  void job_done(const kvhost::JobReport& report) override {
    const bool knew = was_refused();
    TimeWindowPolicy::job_done(report);
    if (knew || !was_refused()) return;
    log_.warning("max_size has no effect: " + report.status.message() +
                 "; set [compaction] allow_lossy_drop = true, or max_size = \"0B\"");
  }

 private:
  kvhost::Log log_;
};

}  // namespace

KVHOST_PLUGIN("org.kvhost.time-window", "1.0.0",
              kvhost::compaction<TimeWindow>(
                  "time-window", "one run for each window of time, dropped when expired"));
