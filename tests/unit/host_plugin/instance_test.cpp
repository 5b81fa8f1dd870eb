// The life of a component: values in, words out, and no throw across the boundary.
#include <unistd.h>

#include <catch2/catch.hpp>

#include "config/config_file.hpp"
#include "kvhost/abi/compaction.h"
#include "kvhost/abi/transport.h"
#include "kvhost/detail/boundary.hpp"
#include "plugin/component_instance.hpp"
#include "plugin/plugin_registry.hpp"
#include "unit/host_plugin/test_plugins.hpp"

namespace kvhost::host {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace)

// A host that offers nothing but a log that is kept.
struct BareHost {
  BareHost() {
    log.size = sizeof(log);
    log.self = this;
    log.enabled = [](void*, uint32_t) noexcept -> int32_t { return 1; };
    log.write = [](void* self, uint32_t, kvh_bytes text) noexcept {
      static_cast<BareHost*>(self)->lines += std::string(detail::to_view(text)) + "\n";
    };
    host.size = sizeof(host);
    host.abi_major = KVH_ABI_MAJOR;
    host.self = this;
    host.service = [](void* self, const char* id) noexcept -> const void* {
      return std::string_view(id) == KVH_SERVICE_LOG ? &static_cast<BareHost*>(self)->log : nullptr;
    };
  }
  kvh_log log{};
  kvh_host host{};
  std::string lines;
};

struct Trial {
  explicit Trial(const std::string& folder)
      : registry(PluginRegistry::scan({plugin_folder(folder)})) {}

  Result<std::unique_ptr<ComponentInstance>> create(const std::string& kind,
                                                    const std::string& name,
                                                    const std::string& toml = "") {
    component = registry.load(kind, name).value();
    return ComponentInstance::create(component, host.host, values(toml), context, diagnostics);
  }
  OptionValues values(const std::string& toml) {
    const auto table = parse_config_text(toml, "node.toml").value();
    auto read = validate_options(component.options, &table, context, {}, diagnostics);
    CHECK(diagnostics.empty());
    return read;
  }
  std::string failure(const std::string& name) {
    const auto instance = create(KVH_KIND_COMPACTION, name);
    REQUIRE_FALSE(instance.has_value());
    return instance.error().to_string();
  }

  BareHost host;
  PluginRegistry registry;
  LoadedComponent component;
  ValueContext context{"[compaction.options]", "/base", "/here"};
  Diagnostics diagnostics;
};

TEST_CASE("values reach the plugin, defaults filled in") {
  Trial trial("tiny");
  const auto instance = trial.create(KVH_KIND_COMPACTION, "tiny", "fanout = 9");
  REQUIRE(instance.has_value());
  CHECK(trial.host.lines == "fanout is 9\n");
  Trial plain("plain-c");
  REQUIRE(plain.create(KVH_KIND_COMPACTION, "plain-c").has_value());
  CHECK(plain.host.lines == "plain C says hello\n");
}

TEST_CASE("what the plugin says about a value comes with its place") {
  Trial trial("tiny");
  const auto instance = trial.create(KVH_KIND_COMPACTION, "tiny",
                                     "\npeers = [\n { id = \"a\" },\n { id = \"nobody\" } ]\n");
  REQUIRE_FALSE(instance.has_value());
  CHECK(instance.error().code() == StatusCode::CONFIG_ERROR);
  CHECK(trial.diagnostics.to_status().message() ==
        "node.toml:4:9: [compaction.options] peers[1].id: nobody is no peer");
}

TEST_CASE("a throw in create becomes words") {
  Trial trial("throwing");
  const auto text = trial.failure("throwing");
  CHECK(says(text, "the cat sat on the keyboard"));
  CHECK(says(text, "throwing (test.throwing 1.0.0, " + plugin_file("throwing", "throwing") + ")"));
}

TEST_CASE(
    "failures without words, with strange codes or without an instance are the plugin's bug") {
  CHECK(says(Trial("silent").failure("faulty"), "without a word of why; this is a bug"));
  CHECK(says(Trial("strange_status").failure("faulty"), "status 4711"));
  CHECK(says(Trial("made_nothing").failure("faulty"), "made nothing; this is a bug"));
}

TEST_CASE("reconfigure takes new values or leaves the old") {
  Trial trial("tiny");
  auto instance = std::move(trial.create(KVH_KIND_COMPACTION, "tiny").value());
  CHECK(instance->reconfigure(trial.values("fanout = 5"), trial.context, trial.diagnostics));
  CHECK(instance->values().integer("fanout") == 5);
  const auto refused =
      instance->reconfigure(trial.values("fanout = 13"), trial.context, trial.diagnostics);
  CHECK(refused.code() == StatusCode::CONFIG_ERROR);
  CHECK(trial.diagnostics.to_status().message() ==
        "node.toml:1:10: [compaction.options] fanout: 13 is unlucky");
  CHECK(instance->values().integer("fanout") == 5);
}

TEST_CASE("a component without reconfigure says so") {
  Trial trial("plain-c");
  auto instance = std::move(trial.create(KVH_KIND_COMPACTION, "plain-c").value());
  CHECK(instance->reconfigure(trial.values(""), trial.context, trial.diagnostics).code() ==
        StatusCode::NOT_SUPPORTED);
}

TEST_CASE("a transport starts, drains and stops, a taken address is told") {
  Trial trial("tiny");
  auto first = std::move(trial.create(KVH_KIND_TRANSPORT, "tiny-line").value());
  REQUIRE(first->start());
  std::string address;
  const auto* table = first->table<kvh_transport>();
  table->addresses(first->self(), detail::string_sink(address));
  CHECK(says(address, "127.0.0.1:"));
  CHECK_FALSE(says(address, ":0"));

  Trial rival("tiny");
  auto second = std::move(
      rival.create(KVH_KIND_TRANSPORT, "tiny-line", "listen = \"" + address + "\"").value());
  const auto taken = second->start();
  CHECK(taken.code() == StatusCode::ADDRESS_IN_USE);
  CHECK(says(taken.message(), address));

  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(5);
  CHECK(first->begin_drain(deadline));
  CHECK(first->finish_drain(deadline));
  first->stop(deadline);
}

TEST_CASE("a plugin of libc++ lives in this host") {
  if (access(plugin_file("libcxx", "tiny").c_str(), R_OK) != 0) {
    WARN("skipped: clang++ with libc++ is not here, or this is a sanitizer build");
    return;
  }
  Trial trial("libcxx");
  auto instance = trial.create(KVH_KIND_COMPACTION, "tiny", "fanout = 7");
  REQUIRE(instance.has_value());
  CHECK(trial.host.lines == "fanout is 7\n");
  auto transport = std::move(trial.create(KVH_KIND_TRANSPORT, "tiny-line").value());
  CHECK(transport->start());
  transport->stop(std::chrono::steady_clock::now());
}

}  // namespace
}  // namespace kvhost::host
