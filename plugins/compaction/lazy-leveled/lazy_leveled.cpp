// The policy `lazy-leveled` as a plugin: the decision itself is the SDK's
// (kvhost/policy/lazy_leveled.hpp).
#include <kvhost/plugin.hpp>
#include <kvhost/policy/lazy_leveled.hpp>
#include <memory>

namespace {

class LazyLeveled final : public kvhost::LazyLeveledPolicy {
 public:
  static constexpr auto kOptions = kvhost::options(
      kvhost::integer("fanout", 4)
          .min(2)
          .max(16)
          .unit("runs")
          .doc("runs of a tier that are merged at once"),
      kvhost::integer("max_space", 25)
          .min(1)
          .max(1000)
          .unit("percent")
          .doc("newer runs may hold so much of the last level before they go down into it"),
      kvhost::size("target_file", "64MiB")
          .min("64KiB")
          .max("4GiB")
          .doc("size at which an output file is cut"),
      kvhost::duration("expiry_lag", "1h")
          .min("1s")
          .max("8760h")
          .doc("how long an expired value may stay until a file is rewritten for it"));

  using LazyLeveledPolicy::LazyLeveledPolicy;

  static kvhost::Result<std::unique_ptr<LazyLeveled>> create(kvhost::Context&,
                                                             const kvhost::Config& config) {
    kvhost::LazyLeveledOptions options;
    options.fanout = static_cast<uint32_t>(config.integer("fanout"));
    options.space_percent = static_cast<uint32_t>(config.integer("max_space"));
    options.target_file_bytes = config.bytes("target_file");
    options.expiry_lag_ms =
        static_cast<uint64_t>(config.duration("expiry_lag").count()) / 1'000'000;
    return std::make_unique<LazyLeveled>(options);
  }
};

}  // namespace

KVHOST_PLUGIN("org.kvhost.lazy-leveled", "1.0.0",
              kvhost::compaction<LazyLeveled>("lazy-leveled",
                                              "lazy leveling: tiers above one sorted last level"));
