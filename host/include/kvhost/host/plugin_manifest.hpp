// What a plugin file says about itself, read from its ELF section without running any of its code.
//
// Threads:   any; pure functions but for reading the file.
// Errors:    NOT_SUPPORTED: a sound shared library that is no kvhost plugin. PLUGIN_INCOMPATIBLE:
// no
//            ELF file, another architecture, a damaged or stripped one, a malformed manifest.
//            IO_ERROR: the file cannot be read.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kvhost/result.hpp"

namespace kvhost::host {

struct ManifestComponent {
  std::string kind;  // "kvhost.compaction/1"
  std::string name;  // "tiered"
  bool operator==(const ManifestComponent&) const = default;
};

struct PluginManifest {
  std::string id;       // "org.example.tiered"
  std::string version;  // "1.0.0"
  uint32_t abi_major = 0;
  uint32_t abi_minor_required = 0;
  std::vector<ManifestComponent> components;

  // "org.example.tiered 1.0.0"
  std::string name_and_version() const { return id + " " + version; }
};

Result<PluginManifest> read_plugin_manifest(const std::string& path);
// The same from a file's bytes.
Result<PluginManifest> find_plugin_manifest(std::span<const char> file);
// The section's text: "kvhost-plugin 1\nid=…\n…".
Result<PluginManifest> parse_plugin_manifest(std::string_view text);

// OK, or why this host cannot load it: what the plugin needs and what is here.
Status check_plugin_abi(const PluginManifest& manifest);

}  // namespace kvhost::host
