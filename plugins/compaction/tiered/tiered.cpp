// The policy `tiered` as a plugin: the decision itself is the SDK's (kvhost/policy/tiered.hpp).
#include <kvhost/plugin.hpp>
#include <kvhost/policy/tiered.hpp>
#include <memory>

namespace {

class Tiered final : public kvhost::TieredPolicy {
 public:
  static constexpr auto kOptions = kvhost::options(
      kvhost::integer("fanout", 4)
          .min(2)
          .max(16)
          .unit("runs")
          .doc("runs of like size that are merged at once"),
      kvhost::integer("size_ratio", 50)
          .min(0)
          .max(1000)
          .unit("percent")
          .doc("how much larger than its newer neighbours a run of like size may be"),
      kvhost::integer("max_space", 200)
          .min(1)
          .max(10000)
          .unit("percent")
          .doc("newer runs may hold so much of the oldest one before everything is merged"),
      kvhost::integer("max_runs", 12)
          .min(2)
          .max(200)
          .unit("runs")
          .doc("more runs than these are merged whatever their sizes"),
      kvhost::size("target_file", "64MiB")
          .min("64KiB")
          .max("4GiB")
          .doc("size at which an output file is cut"),
      kvhost::duration("expiry_lag", "1h")
          .min("1s")
          .max("8760h")
          .doc("how long an expired value may stay until a file is rewritten for it"));

  using TieredPolicy::TieredPolicy;

  static kvhost::Result<std::unique_ptr<Tiered>> create(kvhost::Context&,
                                                        const kvhost::Config& config) {
    kvhost::TieredOptions options;
    options.fanout = static_cast<uint32_t>(config.integer("fanout"));
    options.size_ratio_percent = static_cast<uint32_t>(config.integer("size_ratio"));
    options.max_space_percent = static_cast<uint32_t>(config.integer("max_space"));
    options.max_runs = static_cast<uint32_t>(config.integer("max_runs"));
    options.target_file_bytes = config.bytes("target_file");
    options.expiry_lag_ms =
        static_cast<uint64_t>(config.duration("expiry_lag").count()) / 1'000'000;
    if (options.max_runs < options.fanout) {
      return config.fail("max_runs", "must not be below fanout");
    }
    return std::make_unique<Tiered>(options);
  }
};

}  // namespace

KVHOST_PLUGIN("org.kvhost.tiered", "1.0.0",
              kvhost::compaction<Tiered>("tiered",
                                         "tiered compaction: several runs merged at once"));
