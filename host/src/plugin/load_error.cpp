#include "plugin/load_error.hpp"

#include <algorithm>

namespace kvhost::host {

const std::vector<LoadErrorInfo>& load_errors() {
  using enum StatusCode;
  static const std::vector<LoadErrorInfo> all = {
      {LoadCause::kUnknownName, "plugin-unknown", CONFIG_ERROR,
       "No file offers a component of that name and kind.",
       "Install the plugin into one of these, or add its directory to [node] plugin_path"},
      {LoadCause::kWrongKind, "plugin-wrong-kind", CONFIG_ERROR,
       "The name belongs to a component of another kind.",
       "Name a component of the kind that stands here"},
      {LoadCause::kAmbiguous, "plugin-ambiguous", CONFIG_ERROR,
       "Two files offer a component of that name.",
       "Remove one, take its directory out of [node] plugin_path, or write the name with the "
       "plugin's id"},
      {LoadCause::kUnreadable, "plugin-unreadable", IO_ERROR, "The file cannot be read.",
       "Check that it exists and that this user may read it"},
      {LoadCause::kNotElf, "plugin-not-elf", PLUGIN_INCOMPATIBLE,
       "The file is no shared library of this system.",
       "Give the .so that the plugin's build made"},
      {LoadCause::kOtherMachine, "plugin-other-machine", PLUGIN_INCOMPATIBLE,
       "The file was built for another machine.", "Use a build of the plugin for this machine"},
      {LoadCause::kDamaged, "plugin-damaged", PLUGIN_INCOMPATIBLE,
       "The file contradicts itself: it was cut or overwritten.",
       "Install the plugin's file again"},
      {LoadCause::kNoSections, "plugin-no-sections", PLUGIN_INCOMPATIBLE,
       "The file's section headers were removed.",
       "Do not run sstrip or a packer on plugins; strip is fine"},
      {LoadCause::kNoManifest, "plugin-no-manifest", NOT_SUPPORTED,
       "A shared library, but no kvhost plugin: it has no manifest.",
       "A plugin is made with KVHOST_PLUGIN, or writes the section itself; objcopy can remove it"},
      {LoadCause::kBadManifest, "plugin-bad-manifest", PLUGIN_INCOMPATIBLE,
       "The manifest cannot be read.",
       "Write it with KVHOST_PLUGIN, or as kvhost/abi/plugin.h describes it"},
      {LoadCause::kOtherAbi, "plugin-other-abi", PLUGIN_INCOMPATIBLE,
       "The plugin was built for another major version of the plugin ABI.",
       "Use a build of the plugin for the ABI of this host"},
      {LoadCause::kNewerAbi, "plugin-newer-abi", PLUGIN_INCOMPATIBLE,
       "The plugin needs a newer minor version of the plugin ABI.",
       "Use a newer kvhost, or an older plugin"},
      {LoadCause::kUntrustedFile, "plugin-untrusted", FORBIDDEN,
       "Somebody else than root and this user could have written the file.",
       "A plugin runs with all rights of this process: correct owner and mode of the file and "
       "its directory"},
      {LoadCause::kMissingLibrary, "plugin-missing-library", PLUGIN_INCOMPATIBLE,
       "A library that the plugin needs is not on this machine.",
       "Install the library, or link it into the plugin"},
      {LoadCause::kLinkFailed, "plugin-link-failed", PLUGIN_INCOMPATIBLE,
       "The dynamic loader refuses the file.",
       "Build the plugin with kvhost_add_plugin(), which resolves every symbol at link time"},
      {LoadCause::kNoTable, "plugin-no-table", PLUGIN_INCOMPATIBLE,
       "The entry function returned nothing.", "This is a bug of the plugin: tell its author"},
      {LoadCause::kContradiction, "plugin-contradiction", PLUGIN_ERROR,
       "The plugin's table does not say what its manifest says, or cannot be read.",
       "This is a bug of the plugin: tell its author"},
      {LoadCause::kMissingSlot, "plugin-missing-slot", PLUGIN_ERROR,
       "A slot that its kind cannot do without is missing.",
       "This is a bug of the plugin: tell its author"},
      {LoadCause::kBadOptions, "plugin-bad-options", PLUGIN_ERROR,
       "The declaration of an option contradicts itself.",
       "This is a bug of the plugin: tell its author"},
  };
  return all;
}

const LoadErrorInfo& load_error_info(LoadCause cause) {
  const auto& all = load_errors();
  return *std::find_if(all.begin(), all.end(),
                       [&](const LoadErrorInfo& info) { return info.cause == cause; });
}

Status load_error(LoadCause cause, std::string what, std::string next) {
  const LoadErrorInfo& info = load_error_info(cause);
  if (next.empty()) next = info.next;
  return {info.status, std::move(what) + ". " + next + " [" + std::string(info.code) + "]"};
}

std::string load_errors_page() {
  std::string page =
      "# Why a plugin is not loaded\n\n"
      "Generated from host/src/plugin/load_error.cpp; a test keeps it fresh.\n\n"
      "Every message names the file, the plugin's id and version where they are known, what it "
      "needs and what the host has, what to do next, and at its end the code in brackets. A name "
      "that nobody offers comes with every directory searched. `kvhost --list-plugins` and "
      "`kvctl plugin list --all` show every file with its state, `kvctl plugin inspect FILE` "
      "one.\n\n"
      "| code | exit of kvhost | meaning | what to do |\n|---|---|---|---|\n";
  for (const auto& info : load_errors()) {
    // A bug of the plugin, or a configuration that names what cannot be used.
    const StatusCode told = info.status == StatusCode::PLUGIN_ERROR ? StatusCode::PLUGIN_ERROR
                                                                    : StatusCode::CONFIG_ERROR;
    page += "| `" + std::string(info.code) + "` | " +
            std::to_string(status_info(told).kvhost_exit) + " | " + std::string(info.meaning) +
            " | " + std::string(info.next) + ". |\n";
  }
  return page;
}

}  // namespace kvhost::host
