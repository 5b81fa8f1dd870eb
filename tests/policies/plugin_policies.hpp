// Compaction policies loaded from their shared libraries, as a node would, for engines in a test.
//
// Threads:   one.
// Lifetime:  instances live as long as this; an engine that may still ask them goes first. One that
//            hangs in plan() is left behind, as the node does.
#pragma once

#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "adapters/compaction_adapter.hpp"
#include "config/config_file.hpp"
#include "kvhost/abi/compaction.h"
#include "logging/log.hpp"
#include "plugin/component_instance.hpp"
#include "plugin/plugin_registry.hpp"
#include "services/host_services.hpp"
#include "support/places.hpp"

namespace kvhost::host::testing {

class PluginPolicies {
 public:
  PluginPolicies()
      : registry_(PluginRegistry::scan({kvhost::testing::binary_dir() + "/lib/kvhost/plugins",
                                        kvhost::testing::binary_dir() + "/tests/plugins/hostile"})),
        log_(Log::to_stderr(engine::LogLevel::kError, LogFormat::kText)),
        services_({}, *log_) {}
  ~PluginPolicies() {
    static auto* const kLeftBehind = new std::vector<Part>;
    for (Part& part : parts_) {
      if (part.policy.use_count() > 1) kLeftBehind->push_back(std::move(part));
    }
    parts_.clear();
    services_.stop();
  }

  // `options` are lines of TOML.
  std::shared_ptr<CompactionPolicy> make(const std::string& name, const std::string& options) {
    auto component = registry_.load(KVH_KIND_COMPACTION, name);
    INFO((component ? name : component.error().message()));
    REQUIRE(component);
    const auto table = parse_config_text(options, "test");
    REQUIRE(table);
    Diagnostics diagnostics;
    const ValueContext context{name, "/", "/"};
    auto values = validate_options(component->options, &*table, context, {}, diagnostics);
    auto instance = ComponentInstance::create(*component, services_.host_for(name),
                                              std::move(values), context, diagnostics);
    INFO(diagnostics.to_status().message());
    REQUIRE(diagnostics.empty());
    REQUIRE(instance);
    REQUIRE((*instance)->start());
    Part part;
    part.policy = std::make_shared<CompactionAdapter>((*instance)->table<kvh_compaction>(),
                                                      (*instance)->self(), name);
    part.instance = std::move(*instance);
    parts_.push_back(std::move(part));
    return parts_.back().policy;
  }

 private:
  struct Part {
    std::unique_ptr<ComponentInstance> instance;
    std::shared_ptr<CompactionAdapter> policy;
  };

  PluginRegistry registry_;
  std::unique_ptr<Log> log_;
  HostServices services_;
  std::vector<Part> parts_;
};

}  // namespace kvhost::host::testing
