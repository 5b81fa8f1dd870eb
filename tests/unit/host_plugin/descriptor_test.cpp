// What the host reads of a plugin's table: sizes, strides, versions and slots that lie.
#include <catch2/catch.hpp>
#include <type_traits>
#include <vector>

#include "kvhost/abi/compaction.h"
#include "kvhost/abi/metrics.h"
#include "kvhost/abi/replication.h"
#include "kvhost/abi/transport.h"
#include "kvhost/detail/boundary.hpp"
#include "plugin/plugin_descriptor.hpp"
#include "unit/host_plugin/test_plugins.hpp"

namespace kvhost::host {
namespace {

using detail::to_bytes;
using testing::says;

// A component that a newer SDK wrote: longer than this host knows it.
struct LongComponent {
  kvh_component row{};
  uint64_t news = 0;
};

// A plugin with one component, all in order; each test spoils one thing.
struct Table {
  explicit Table(const char* kind, const void* table) {
    component.row.size = sizeof(kvh_component);
    component.row.kind = to_bytes(kind);
    component.row.name = to_bytes("it");
    component.row.table = table;
    component.row.create = [](const kvh_host*, const kvh_config*, void**,
                              kvh_error*) noexcept -> int32_t { return KVH_OK; };
    component.row.destroy = [](void*) noexcept {};
    plugin.size = sizeof(plugin);
    plugin.abi_major = KVH_ABI_MAJOR;
    plugin.id = to_bytes("test.it");
    plugin.version = to_bytes("1.0");
    plugin.components = &component.row;
    plugin.component_count = 1;
    plugin.component_stride = sizeof(component);
  }
  // The words of a refusal, or nothing.
  std::string refusal() const {
    PluginManifest manifest;
    manifest.id = "test.it";
    manifest.version = "1.0";
    manifest.abi_major = 1;
    manifest.abi_minor_required = 0;
    const std::string kind(detail::to_view(component.row.kind));
    manifest.components.push_back({kind, "it"});
    const auto read = read_component(plugin, manifest, "/it.so", manifest.components[0]);
    return read ? std::string() : read.error().message();
  }
  LongComponent component;
  kvh_plugin plugin{};
};

kvh_compaction policy_table() {
  kvh_compaction table{};
  table.size = sizeof(table);
  table.plan = [](void*, const kvh_tree*, const kvh_event*, uint64_t, uint64_t, uint64_t,
                  kvh_job_sink, kvh_error*) noexcept -> int32_t { return KVH_OK; };
  return table;
}

struct Policy {
  kvh_compaction slots = policy_table();
  Table table{KVH_KIND_COMPACTION, &slots};
};

TEST_CASE("a table in order is read, and so is a longer one of a newer SDK") {
  Policy policy;
  CHECK(policy.table.refusal().empty());
  policy.table.component.row.size = sizeof(LongComponent);
  policy.table.plugin.size = sizeof(kvh_plugin) + 64;
  policy.slots.size += 64;
  CHECK(policy.table.refusal().empty());
}

TEST_CASE("the table's own ABI counts, whatever its manifest says") {
  Policy policy;
  policy.table.plugin.abi_major = 2;
  CHECK(says(policy.table.refusal(), "needs plugin ABI 2.0, and this host has 1.0"));
  policy.table.plugin.abi_major = 0;
  CHECK(says(policy.table.refusal(), "needs plugin ABI 0.0, and this host has 1.0"));
  policy.table.plugin.abi_major = KVH_ABI_MAJOR;
  policy.table.plugin.abi_minor_required = KVH_ABI_MINOR + 1;
  CHECK(says(policy.table.refusal(), "needs plugin ABI 1.1, and this host has 1.0"));
}

TEST_CASE("structs that are too short for their first version are refused") {
  for (const uint32_t size : {0u, 4u, 8u, static_cast<uint32_t>(sizeof(kvh_plugin)) - 8}) {
    Policy policy;
    policy.table.plugin.size = size;
    CHECK(says(policy.table.refusal(), "fewer than version 1 has"));
  }
  for (const uint32_t size : {0u, 4u, static_cast<uint32_t>(offsetof(kvh_component, destroy))}) {
    Policy policy;
    policy.table.component.row.size = size;
    CHECK(says(policy.table.refusal(), "lacks create or destroy"));
  }
  for (const uint32_t size : {0u, 8u}) {
    Policy policy;
    policy.slots.size = size;
    CHECK(says(policy.table.refusal(), "lacks the required slot plan"));
  }
}

TEST_CASE("components that overlap, or that are not there, are refused") {
  Policy policy;
  policy.table.plugin.component_count = 2;
  policy.table.plugin.component_stride = 8;
  CHECK(says(policy.table.refusal(), "its list of components cannot be read"));
  policy.table.plugin.component_stride = sizeof(LongComponent);
  policy.table.plugin.components = nullptr;
  CHECK(says(policy.table.refusal(), "its list of components cannot be read"));
  policy.table.plugin.component_count = 0;
  CHECK(says(policy.table.refusal(), "its table does not"));
}

TEST_CASE("a length without bytes is refused, not read") {
  const kvh_bytes lie{nullptr, 7};
  const auto refused = [&](auto spoil) {
    Policy policy;
    spoil(policy.table);
    return says(policy.table.refusal(), "a length without bytes");
  };
  CHECK(refused([&](Table& table) { table.plugin.id = lie; }));
  CHECK(refused([&](Table& table) { table.plugin.version = lie; }));
  CHECK(refused([&](Table& table) { table.component.row.name = lie; }));
  CHECK(refused([&](Table& table) { table.component.row.doc = lie; }));
  kvh_option option{};
  option.size = sizeof(option);
  option.type = KVH_OPTION_STRING;
  option.path = to_bytes("word");
  const auto with_option = [&] {
    Policy policy;
    policy.table.component.row.options = &option;
    policy.table.component.row.option_count = 1;
    policy.table.component.row.option_stride = sizeof(option);
    return policy.table.refusal();
  };
  CHECK(with_option().empty());
  option.doc = lie;
  CHECK(says(with_option(), "a length without bytes"));
  option.doc = {};
  option.type = KVH_OPTION_CHOICE;
  option.choices = &lie;
  option.choice_count = 1;
  CHECK(says(with_option(), "a length without bytes"));
}

TEST_CASE("options whose rows are too short or overlap are refused") {
  kvh_option options[2] = {};
  for (auto& option : options) {
    option.size = sizeof(option);
    option.type = KVH_OPTION_INTEGER;
    option.path = to_bytes("fanout");
  }
  Policy policy;
  auto& row = policy.table.component.row;
  row.options = options;
  row.option_count = 1;
  row.option_stride = sizeof(kvh_option);
  options[0].size = 16;
  CHECK(says(policy.table.refusal(), "the size of its row is 16, the first version's is 152"));
  options[0].size = sizeof(kvh_option);
  row.option_stride = 16;
  CHECK(says(policy.table.refusal(), "rows of 152 bytes that stand 16 apart"));
  row.option_stride = sizeof(kvh_option);
  row.option_count = 2;
  CHECK(says(policy.table.refusal(), "declared twice"));
}

TEST_CASE("every kind names the required slot that it misses") {
  kvh_transport transport{};
  transport.size = sizeof(transport);
  CHECK(says(Table(KVH_KIND_TRANSPORT, &transport).refusal(), "required slot addresses"));
  kvh_exporter exporter{};
  exporter.size = sizeof(exporter);
  CHECK(says(Table(KVH_KIND_EXPORTER, &exporter).refusal(), "required slot attach"));
  CHECK(says(Table(KVH_KIND_EXPORTER, nullptr).refusal(), "has no table"));

  kvh_replication strategy{};
  strategy.size = sizeof(strategy);
  const Table table(KVH_KIND_REPLICATION, &strategy);
  CHECK(says(table.refusal(), "required slot traits"));
  strategy.traits = [](void*) noexcept -> uint64_t { return 0; };
  CHECK(says(table.refusal(), "required slot attach"));
  strategy.attach = [](void*, const kvh_state_machine*, kvh_error*) noexcept -> int32_t {
    return KVH_OK;
  };
  CHECK(says(table.refusal(), "required slot propose"));
  strategy.propose = [](void*, const kvh_call*, const kvh_bytes*, uint64_t, kvh_results_sink,
                        kvh_done, kvh_error*) noexcept -> int32_t { return KVH_OK; };
  CHECK(says(table.refusal(), "required slot read_barrier"));
  strategy.read_barrier = [](void*, const kvh_call*, kvh_barrier_sink, kvh_done,
                             kvh_error*) noexcept -> int32_t { return KVH_OK; };
  CHECK(table.refusal().empty());
  // One that ends before a slot it needs.
  strategy.size = offsetof(kvh_replication, read_barrier);
  CHECK(says(table.refusal(), "required slot read_barrier"));
}

// Tables written by hand in C++: the compiler refuses what could throw into the host.
TEST_CASE("a function that may throw does not fit into a table") {
  using MayThrow = int32_t (*)(void*, kvh_error*);
  using Never = int32_t (*)(void*, kvh_error*) noexcept;
  STATIC_REQUIRE(std::is_assignable_v<decltype(kvh_component::start)&, Never>);
  STATIC_REQUIRE_FALSE(std::is_assignable_v<decltype(kvh_component::start)&, MayThrow>);
  STATIC_REQUIRE_FALSE(std::is_assignable_v<decltype(kvh_component::destroy)&, void (*)(void*)>);
  STATIC_REQUIRE_FALSE(
      std::is_assignable_v<decltype(kvh_replication::traits)&, uint64_t (*)(void*)>);
  STATIC_REQUIRE_FALSE(std::is_assignable_v<decltype(kvh_transport::addresses)&,
                                            int32_t (*)(void*, kvh_bytes_sink)>);
  STATIC_REQUIRE_FALSE(
      std::is_assignable_v<decltype(kvh_exporter::addresses)&, int32_t (*)(void*, kvh_bytes_sink)>);
}

}  // namespace
}  // namespace kvhost::host
