#include "kvhost/host/plugin_manifest.hpp"

#include <charconv>

#include "kvhost/abi/plugin.h"
#include "plugin/load_error.hpp"

namespace kvhost::host {
namespace {

constexpr std::size_t kMostComponents = 100;

Status malformed(std::string text) {
  return load_error(LoadCause::kBadManifest, "the manifest in section " KVH_MANIFEST_SECTION
                                             " is malformed: " +
                                                 std::move(text));
}

bool is_name(std::string_view text, std::string_view also) {
  if (text.empty() || text.size() > 64) return false;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
    if (!plain && also.find(c) == std::string_view::npos) return false;
  }
  return true;
}

bool parse_number(std::string_view text, uint32_t& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return !text.empty() && error == std::errc() && end == text.data() + text.size();
}

Status read_abi(std::string_view value, PluginManifest& manifest) {
  const auto dot = value.find('.');
  if (dot == std::string_view::npos || !parse_number(value.substr(0, dot), manifest.abi_major) ||
      !parse_number(value.substr(dot + 1), manifest.abi_minor_required)) {
    return malformed("abi=" + std::string(value) + " is no MAJOR.MINOR");
  }
  return {};
}

Status read_component(std::string_view value, PluginManifest& manifest) {
  const auto space = value.find(' ');
  const auto kind = value.substr(0, space);
  const auto name = space == std::string_view::npos ? std::string_view() : value.substr(space + 1);
  if (!is_name(kind, "./_") || !is_name(name, "")) {
    return malformed("component=" + std::string(value) + " is no KIND NAME");
  }
  if (manifest.components.size() == kMostComponents) return malformed("too many components");
  manifest.components.push_back({std::string(kind), std::string(name)});
  return {};
}

}  // namespace

Result<PluginManifest> parse_plugin_manifest(std::string_view text) {
  constexpr std::string_view kFirstLine = "kvhost-plugin 1\n";
  if (!text.starts_with(kFirstLine)) {
    return malformed("it begins with \"" +
                     std::string(text.substr(0, text.find('\n')).substr(0, 32)) +
                     "\", not with \"kvhost-plugin 1\"");
  }
  text.remove_prefix(kFirstLine.size());
  PluginManifest manifest;
  while (!text.empty()) {
    const auto end = text.find('\n');
    if (end == std::string_view::npos) return malformed("its last line has no end");
    const auto line = text.substr(0, end);
    text.remove_prefix(end + 1);
    const auto equals = line.find('=');
    const auto key = line.substr(0, equals);
    const auto value =
        equals == std::string_view::npos ? std::string_view() : line.substr(equals + 1);
    if (key == "id") manifest.id = value;
    if (key == "version") manifest.version = value;
    if (key == "abi") KVHOST_TRY(read_abi(value, manifest));
    // Other keys are a later version's and mean nothing here.
    if (key == "component") KVHOST_TRY(read_component(value, manifest));
  }
  if (!is_name(manifest.id, "._")) return malformed("id=" + manifest.id + " is no plugin id");
  if (manifest.version.empty()) return malformed("the line version=… is missing");
  if (manifest.abi_major == 0) return malformed("the line abi=… is missing");
  if (manifest.components.empty()) return malformed("it offers no component");
  return manifest;
}

Status check_plugin_abi(const PluginManifest& manifest) {
  const std::string needs = "needs plugin ABI " + std::to_string(manifest.abi_major) + "." +
                            std::to_string(manifest.abi_minor_required) + ", and this host has " +
                            std::to_string(KVH_ABI_MAJOR) + "." + std::to_string(KVH_ABI_MINOR);
  if (manifest.abi_major != KVH_ABI_MAJOR) return load_error(LoadCause::kOtherAbi, needs);
  if (manifest.abi_minor_required > KVH_ABI_MINOR) {
    return load_error(LoadCause::kNewerAbi, needs);
  }
  return {};
}

}  // namespace kvhost::host
