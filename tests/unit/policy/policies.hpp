// The policies of the SDK by name, with options by name, for tests that ask all of them.
//
// Threads:   any.
#pragma once

#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/random.hpp"
#include "kvhost/policy/lazy_leveled.hpp"
#include "kvhost/policy/leveled.hpp"
#include "kvhost/policy/tiered.hpp"
#include "kvhost/policy/time_window.hpp"

namespace kvhost::engine::test {

inline const std::vector<std::string> kPolicies = {"leveled", "tiered", "lazy-leveled",
                                                   "time-window"};

// As in tests/data/policy; an option that is not among them throws.
using PolicyOptions = std::map<std::string, uint64_t>;

class OptionReader {
 public:
  explicit OptionReader(PolicyOptions options) : options_(std::move(options)) {}
  template <typename Number>
  OptionReader& take(const char* name, Number& into) {
    if (const auto found = options_.find(name); found != options_.end()) {
      into = static_cast<Number>(found->second);
      options_.erase(found);
    }
    return *this;
  }
  void end() const {
    if (!options_.empty()) throw std::runtime_error("no option " + options_.begin()->first);
  }

 private:
  PolicyOptions options_;
};

inline std::shared_ptr<CompactionPolicy> make_policy(const std::string& name,
                                                     const PolicyOptions& given) {
  OptionReader reader(given);
  if (name == "leveled") {
    LeveledOptions options;
    reader.take("level0_trigger", options.level0_trigger)
        .take("level_base", options.level_base_bytes)
        .take("fanout", options.fanout)
        .take("target_file", options.target_file_bytes)
        .take("expiry_lag", options.expiry_lag_ms)
        .end();
    return std::make_shared<LeveledPolicy>(options);
  }
  if (name == "tiered") {
    TieredOptions options;
    reader.take("fanout", options.fanout)
        .take("size_ratio", options.size_ratio_percent)
        .take("max_space", options.max_space_percent)
        .take("max_runs", options.max_runs)
        .take("target_file", options.target_file_bytes)
        .take("expiry_lag", options.expiry_lag_ms)
        .end();
    return std::make_shared<TieredPolicy>(options);
  }
  if (name == "lazy-leveled") {
    LazyLeveledOptions options;
    reader.take("fanout", options.fanout)
        .take("max_space", options.space_percent)
        .take("target_file", options.target_file_bytes)
        .take("expiry_lag", options.expiry_lag_ms)
        .end();
    return std::make_shared<LazyLeveledPolicy>(options);
  }
  if (name == "time-window") {
    TimeWindowOptions options;
    reader.take("window", options.window_ms)
        .take("fanout", options.fanout)
        .take("max_windows", options.max_windows)
        .take("max_size", options.max_bytes)
        .take("target_file", options.target_file_bytes)
        .end();
    return std::make_shared<TimeWindowPolicy>(options);
  }
  throw std::runtime_error("no policy " + name);
}

// Options small enough for trees of a few thousand bytes.
inline PolicyOptions draw_options(const std::string& name, Random& random) {
  PolicyOptions options{{"fanout", 2 + random.below(4)}, {"target_file", 300}};
  if (name == "leveled") {
    options["level0_trigger"] = 1 + random.below(5);
    options["level_base"] = 2000;
  }
  if (name == "tiered") {
    options["max_runs"] = options["fanout"] + random.below(8);
    options["size_ratio"] = random.below(200);
    options["max_space"] = 20 + random.below(300);
  }
  if (name == "lazy-leveled") options["max_space"] = 10 + random.below(60);
  if (name == "time-window") {
    options["window"] = 10 + random.below(30);
    options["max_windows"] = 1 + random.below(8);
    if (random.one_in(3)) options["max_size"] = 3000 + random.below(6000);
  }
  if (name != "time-window") options["expiry_lag"] = 1 + random.below(60);
  return options;
}

}  // namespace kvhost::engine::test
