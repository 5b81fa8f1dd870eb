// Everything that a plugin's source includes, and the line that makes it a plugin:
//
//   KVHOST_PLUGIN("org.example.tiered", "1.0.0",
//                 kvhost::compaction<Tiered>("tiered", "size-tiered runs"))
//
// A component class T has
//   static constexpr auto kOptions = kvhost::options(…);      (may be left out: no options)
//   static Result<std::unique_ptr<T>> create(Context&, const Config&);
// and derives from CompactionPolicy, Transport, Replication or Exporter.
//
// KVHOST_PLUGIN also writes the manifest into an ELF section, so that the host and
// `kvctl plugin inspect` read it without running code.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "kvhost/abi/plugin.h"
#include "kvhost/compaction.hpp"
#include "kvhost/config.hpp"
#include "kvhost/context.hpp"
#include "kvhost/detail/thunks.hpp"
#include "kvhost/exporter.hpp"
#include "kvhost/journal.hpp"
#include "kvhost/options.hpp"
#include "kvhost/replication.hpp"
#include "kvhost/store.hpp"
#include "kvhost/transport.hpp"

// The lowest minor version of the host's tables that the plugin works with.
#ifndef KVHOST_PLUGIN_REQUIRES_MINOR
#define KVHOST_PLUGIN_REQUIRES_MINOR 0
#endif

namespace kvhost {

// One component as KVHOST_PLUGIN takes it.
struct ComponentSpec {
  std::string_view kind;
  std::string_view name;
  std::string_view doc;
  uint32_t flags = 0;
  kvh_component (*build)(const ComponentSpec&) = nullptr;
};

namespace detail {

template <typename T>
const OptionTable& option_table() {
  if constexpr (requires { T::kOptions; }) {
    static const OptionTable table(T::kOptions.items.data(), T::kOptions.items.size());
    return table;
  } else {
    static const OptionTable table(nullptr, 0);
    return table;
  }
}

template <typename T>
kvh_component build_component(const ComponentSpec& spec, const void* table) {
  const OptionTable& declared = option_table<T>();
  kvh_component component{};
  component.size = sizeof(kvh_component);
  component.flags = spec.flags;
  component.kind = to_bytes(spec.kind);
  component.name = to_bytes(spec.name);
  component.doc = to_bytes(spec.doc);
  component.options = declared.rows();
  component.option_count = declared.count();
  component.option_stride = sizeof(kvh_option);
  component.table = table;
  component.create = &create<T>;
  component.destroy = &destroy<T>;
  if constexpr (requires(T & object) { object.start(); }) component.start = &start<T>;
  if constexpr (requires(T & object) { object.drain(Deadline{}, [] {}); }) {
    component.drain = &drain<T>;
  }
  if constexpr (requires(T & object) { object.stop(Deadline{}); }) component.stop = &stop<T>;
  if constexpr (requires(T & object, const Config& config) { object.reconfigure(config); }) {
    component.reconfigure = &reconfigure<T>;
  }
  return component;
}

constexpr std::size_t number_length(uint32_t number) {
  std::size_t length = 1;
  while (number >= 10) {
    number /= 10;
    ++length;
  }
  return length;
}

inline constexpr std::string_view kManifestHead = "kvhost-plugin 1\nid=";

template <std::size_t N>
constexpr std::size_t manifest_length(std::string_view id, std::string_view version,
                                      const std::array<ComponentSpec, N>& components) {
  std::size_t length = kManifestHead.size() + id.size() + 1 + 8 + version.size() + 1 + 4 +
                       number_length(KVH_ABI_MAJOR) + 1 +
                       number_length(KVHOST_PLUGIN_REQUIRES_MINOR) + 1;
  for (const auto& component : components) {
    length += 10 + component.kind.size() + 1 + component.name.size() + 1;
  }
  return length;
}

// The manifest's bytes, with a terminating zero.
template <std::size_t Length, std::size_t N>
constexpr std::array<char, Length + 1> manifest(std::string_view id, std::string_view version,
                                                const std::array<ComponentSpec, N>& components) {
  std::array<char, Length + 1> text{};
  std::size_t at = 0;
  const auto put = [&](std::string_view piece) {
    for (const char c : piece) text[at++] = c;
  };
  const auto put_number = [&](uint32_t number) { put(OptionText(int64_t{number}).view()); };
  put(kManifestHead);
  put(id);
  put("\nversion=");
  put(version);
  put("\nabi=");
  put_number(KVH_ABI_MAJOR);
  put(".");
  put_number(KVHOST_PLUGIN_REQUIRES_MINOR);
  put("\n");
  for (const auto& component : components) {
    put("component=");
    put(component.kind);
    put(" ");
    put(component.name);
    put("\n");
  }
  return text;
}

template <typename... Specs>
constexpr std::array<ComponentSpec, sizeof...(Specs)> component_list(Specs... specs) {
  return {specs...};
}

// The C description of a plugin; made once, on the first call of the entry function.
template <std::size_t N>
struct PluginTable {
  std::array<kvh_component, N> components{};
  kvh_plugin plugin{};
  PluginTable(std::string_view id, std::string_view version,
              const std::array<ComponentSpec, N>& specs) {
    for (std::size_t i = 0; i < N; ++i) components[i] = specs[i].build(specs[i]);
    plugin.size = sizeof(kvh_plugin);
    plugin.abi_major = KVH_ABI_MAJOR;
    plugin.abi_minor_required = KVHOST_PLUGIN_REQUIRES_MINOR;
    plugin.id = to_bytes(id);
    plugin.name = to_bytes(id);
    plugin.version = to_bytes(version);
    plugin.components = components.data();
    plugin.component_count = N;
    plugin.component_stride = sizeof(kvh_component);
  }
};

}  // namespace detail

template <typename T>
constexpr ComponentSpec compaction(std::string_view name, std::string_view doc = {}) {
  return {KVH_KIND_COMPACTION, name, doc, 0, [](const ComponentSpec& spec) {
            return detail::build_component<T>(spec, &detail::CompactionThunks<T>::kTable);
          }};
}
template <typename T>
constexpr ComponentSpec transport(std::string_view name, std::string_view doc = {}) {
  return {KVH_KIND_TRANSPORT, name, doc, 0, [](const ComponentSpec& spec) {
            return detail::build_component<T>(spec, &detail::TransportThunks<T>::kTable);
          }};
}
template <typename T>
constexpr ComponentSpec exporter(std::string_view name, std::string_view doc = {}) {
  return {KVH_KIND_EXPORTER, name, doc, 0, [](const ComponentSpec& spec) {
            return detail::build_component<T>(spec, &detail::ExporterThunks<T>::kTable);
          }};
}
template <typename T>
constexpr ComponentSpec replication(std::string_view name, std::string_view doc = {},
                                    uint32_t flags = 0) {
  return {KVH_KIND_REPLICATION, name, doc, flags, [](const ComponentSpec& spec) {
            return detail::build_component<T>(spec, &detail::ReplicationThunks<T>::kTable);
          }};
}

}  // namespace kvhost

#define KVHOST_PLUGIN(id, version, ...)                                                        \
  namespace {                                                                                  \
  constexpr auto kvhost_plugin_components = ::kvhost::detail::component_list(__VA_ARGS__);     \
  __attribute__((section(KVH_MANIFEST_SECTION), used)) constexpr auto kvhost_plugin_manifest = \
      ::kvhost::detail::manifest<::kvhost::detail::manifest_length(                            \
          id, version, kvhost_plugin_components)>(id, version, kvhost_plugin_components);      \
  }                                                                                            \
  extern "C" KVH_EXPORT const kvh_plugin* kvhost_plugin_v1(void) {                             \
    static const ::kvhost::detail::PluginTable table(id, version, kvhost_plugin_components);   \
    return &table.plugin;                                                                      \
  }
