// The policy `leveled` as a plugin: the decision itself is the SDK's (kvhost/policy/leveled.hpp),
// which is also the engine's fallback.
#include <kvhost/plugin.hpp>
#include <kvhost/policy/leveled.hpp>
#include <memory>
#include <utility>

namespace {

class Leveled final : public kvhost::LeveledPolicy {
 public:
  static constexpr auto kOptions = kvhost::options(
      kvhost::integer("level0_trigger", 4)
          .min(1)
          .max(64)
          .unit("runs")
          .doc("level-0 runs that start a merge into level 1"),
      kvhost::size("level_base", "256MiB")
          .min("1MiB")
          .max("1TiB")
          .doc("size of the first level below level 0"),
      kvhost::integer("fanout", 10)
          .min(2)
          .max(100)
          .doc("each level is this many times larger than the one above"),
      kvhost::size("target_file", "64MiB")
          .min("64KiB")
          .max("4GiB")
          .doc("size at which an output file is cut"),
      kvhost::duration("expiry_lag", "1h")
          .min("1s")
          .max("8760h")
          .doc("how long an expired value may stay until a file is rewritten for it"));

  using LeveledPolicy::LeveledPolicy;

  static kvhost::Result<std::unique_ptr<Leveled>> create(kvhost::Context&,
                                                         const kvhost::Config& config) {
    kvhost::LeveledOptions options;
    options.level0_trigger = static_cast<uint32_t>(config.integer("level0_trigger"));
    options.level_base_bytes = config.bytes("level_base");
    options.fanout = static_cast<uint32_t>(config.integer("fanout"));
    options.target_file_bytes = config.bytes("target_file");
    options.expiry_lag_ms =
        static_cast<uint64_t>(config.duration("expiry_lag").count()) / 1'000'000;
    if (options.target_file_bytes > options.level_base_bytes) {
      return config.fail("target_file", "must not be above level_base");
    }
    return std::make_unique<Leveled>(options);
  }
};

}  // namespace

KVHOST_PLUGIN("org.kvhost.leveled", "1.0.0",
              kvhost::compaction<Leveled>("leveled",
                                          "leveled compaction: one sorted run per level"));
