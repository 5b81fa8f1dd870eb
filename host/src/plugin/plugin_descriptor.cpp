#include "plugin/plugin_descriptor.hpp"

#include <algorithm>
#include <cstddef>
#include <initializer_list>

#include "kvhost/abi/compaction.h"
#include "kvhost/abi/metrics.h"
#include "kvhost/abi/replication.h"
#include "kvhost/abi/transport.h"
#include "kvhost/detail/boundary.hpp"
#include "plugin/load_error.hpp"

namespace kvhost::host {
namespace {

using detail::to_view;

Status bug(std::string text) { return load_error(LoadCause::kContradiction, std::move(text)); }

Status check_texts(std::initializer_list<kvh_bytes> texts, const std::string& owner) {
  for (const kvh_bytes& text : texts) {
    if (text.size != 0 && text.data == nullptr) return bug(owner + " has a length without bytes");
  }
  return {};
}

Status check_plugin(const kvh_plugin& plugin, const PluginManifest& manifest) {
  if (!KVH_COVERS(&plugin, kvh_plugin, component_stride)) {
    return bug("its table has " + std::to_string(plugin.size) + " bytes, fewer than version 1 has");
  }
  // The manifest may have been written by hand; the table is what the code was built with.
  PluginManifest built = manifest;
  built.abi_major = plugin.abi_major;
  built.abi_minor_required = plugin.abi_minor_required;
  KVHOST_TRY(check_plugin_abi(built));
  KVHOST_TRY(check_texts({plugin.id, plugin.version}, "its table"));
  if (to_view(plugin.id) != manifest.id || to_view(plugin.version) != manifest.version) {
    return bug("its manifest says " + manifest.name_and_version() + ", its table says " +
               std::string(to_view(plugin.id)) + " " + std::string(to_view(plugin.version)));
  }
  if (plugin.component_count != 0 &&
      (plugin.components == nullptr ||
       plugin.component_stride < offsetof(kvh_component, destroy) + sizeof(void*) ||
       plugin.component_count > 1000)) {
    return bug("its list of components cannot be read");
  }
  return {};
}

// Slots that a kind cannot do without.
Status check_table(const LoadedComponent& component) {
  const auto missing = [&](const char* slot) {
    return load_error(LoadCause::kMissingSlot,
                      "the table of " + component.kind + " lacks the required slot " + slot);
  };
  if (component.table == nullptr) return bug("component " + component.name + " has no table");
  if (component.kind == KVH_KIND_COMPACTION) {
    const auto* table = static_cast<const kvh_compaction*>(component.table);
    if (!KVH_HAS(table, kvh_compaction, plan)) return missing("plan");
  } else if (component.kind == KVH_KIND_TRANSPORT) {
    const auto* table = static_cast<const kvh_transport*>(component.table);
    if (!KVH_HAS(table, kvh_transport, addresses)) return missing("addresses");
  } else if (component.kind == KVH_KIND_EXPORTER) {
    const auto* table = static_cast<const kvh_exporter*>(component.table);
    if (!KVH_HAS(table, kvh_exporter, attach)) return missing("attach");
  } else if (component.kind == KVH_KIND_REPLICATION) {
    const auto* table = static_cast<const kvh_replication*>(component.table);
    if (!KVH_HAS(table, kvh_replication, traits)) return missing("traits");
    if (!KVH_HAS(table, kvh_replication, attach)) return missing("attach");
    if (!KVH_HAS(table, kvh_replication, propose)) return missing("propose");
    if (!KVH_HAS(table, kvh_replication, read_barrier)) return missing("read_barrier");
  }
  return {};
}

}  // namespace

std::string LoadedComponent::describe() const {
  return name + " (" + plugin_id + " " + plugin_version + ", " + file + ")";
}

Result<LoadedComponent> read_component(const kvh_plugin& plugin, const PluginManifest& manifest,
                                       const std::string& file, const ManifestComponent& wanted) {
  KVHOST_TRY(check_plugin(plugin, manifest));
  for (uint64_t i = 0; i < plugin.component_count; ++i) {
    const auto& row = detail::strided(plugin.components, plugin.component_stride, i);
    if (!KVH_COVERS(&row, kvh_component, destroy) || row.create == nullptr ||
        row.destroy == nullptr) {
      return bug("component " + std::to_string(i) + " lacks create or destroy");
    }
    KVHOST_TRY(check_texts({row.kind, row.name, row.doc}, "component " + std::to_string(i)));
    if (to_view(row.kind) != wanted.kind || to_view(row.name) != wanted.name) continue;
    LoadedComponent component;
    component.plugin_id = manifest.id;
    component.plugin_version = manifest.version;
    component.file = file;
    component.kind = wanted.kind;
    component.name = wanted.name;
    component.doc = to_view(row.doc);
    component.table = row.table;
    component.descriptor = &row;
    auto options = read_schema(row.options, row.option_count, row.option_stride, component.name);
    if (!options) {
      // What to do comes from the catalogue.
      std::string words = options.error().message();
      words.erase(std::min(words.size(), words.find(". This is a bug of the plugin")));
      return load_error(LoadCause::kBadOptions, words);
    }
    component.options = std::move(*options);
    KVHOST_TRY(check_table(component));
    return component;
  }
  return bug("its manifest offers " + wanted.kind + " " + wanted.name + ", its table does not");
}

}  // namespace kvhost::host
