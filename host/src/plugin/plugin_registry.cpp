#include "plugin/plugin_registry.hpp"

#include <algorithm>
#include <filesystem>

#include "config/did_you_mean.hpp"
#include "kvhost/abi/compaction.h"
#include "kvhost/abi/metrics.h"
#include "kvhost/abi/replication.h"
#include "kvhost/abi/transport.h"
#include "kvhost/host/plugin_file.hpp"
#include "plugin/load_error.hpp"
#include "plugin/plugin_descriptor.hpp"
#include "plugin/plugin_library.hpp"

namespace kvhost::host {
namespace {

namespace fs = std::filesystem;

std::string canonical_text(const fs::path& path) {
  std::error_code error;
  const auto canonical = fs::canonical(path, error);
  return error ? path.lexically_normal().string() : canonical.string();
}

// "PATH (org.example.tiered 1.0.0)"
std::string file_text(const PluginCandidate& candidate) {
  return candidate.manifest ? candidate.path + " (" + candidate.manifest->name_and_version() + ")"
                            : candidate.path;
}

bool names(const PluginManifest& manifest, const ManifestComponent& component,
           std::string_view name) {
  return component.name == name || manifest.id + "/" + component.name == name;
}

}  // namespace

std::string_view to_string(CandidateState state) {
  switch (state) {
    case CandidateState::kAvailable:
      return "available";
    case CandidateState::kLoaded:
      return "loaded";
    case CandidateState::kSkipped:
      return "skipped";
    case CandidateState::kFailed:
      return "failed";
  }
  return "failed";
}

std::string kind_text(std::string_view kind) {
  if (kind == KVH_KIND_COMPACTION) return "a compaction policy";
  if (kind == KVH_KIND_TRANSPORT) return "a transport";
  if (kind == KVH_KIND_REPLICATION) return "a replication strategy";
  if (kind == KVH_KIND_EXPORTER) return "a metrics exporter";
  return "a component of kind " + std::string(kind);
}

std::vector<std::string> PluginRegistry::search_path(const std::vector<std::string>& plugin_path) {
  std::vector<std::string> directories;
  std::error_code error;
  const auto program = fs::read_symlink("/proc/self/exe", error);
  if (!error) {
    directories.push_back(
        (program.parent_path().parent_path() / "lib/kvhost/plugins").lexically_normal().string());
  }
  directories.insert(directories.end(), plugin_path.begin(), plugin_path.end());
  return directories;
}

PluginRegistry PluginRegistry::scan(const std::vector<std::string>& directories) {
  PluginRegistry registry;
  for (const auto& directory : directories) registry.scan_directory(directory);
  return registry;
}

void PluginRegistry::scan_directory(const std::string& directory) {
  const std::string path = canonical_text(directory);
  for (const auto& searched : directories_) {
    if (searched.path == path) return;
  }
  std::error_code error;
  std::vector<std::string> files;
  fs::directory_iterator entries(path, error);
  for (; !error && entries != fs::directory_iterator(); entries.increment(error)) {
    if (entries->path().extension() == ".so") files.push_back(canonical_text(entries->path()));
  }
  std::string note;
  if (error)
    note = error == std::errc::no_such_file_or_directory ? "does not exist" : error.message();
  if (!error && files.empty()) note = "holds no *.so";
  directories_.push_back({path, note});
  std::sort(files.begin(), files.end());
  for (const auto& file : files) add_file(file);
}

void PluginRegistry::add_file(const std::string& path) {
  for (const auto& candidate : candidates_) {
    if (candidate.path == path) return;
  }
  PluginCandidate candidate;
  candidate.path = path;
  auto manifest = read_plugin_manifest(path);
  if (manifest) {
    candidate.manifest = std::move(*manifest);
    Status usable = check_plugin_abi(*candidate.manifest);
    if (usable) usable = check_plugin_file(path);
    if (!usable) {
      candidate.state = CandidateState::kFailed;
      candidate.reason = usable.message();
    }
  } else {
    const bool no_plugin = manifest.error().code() == StatusCode::NOT_SUPPORTED;
    candidate.state = no_plugin ? CandidateState::kSkipped : CandidateState::kFailed;
    candidate.reason = manifest.error().message();
  }
  candidates_.push_back(std::move(candidate));
}

std::vector<PluginRegistry::Match> PluginRegistry::find(std::string_view name) {
  std::vector<Match> matches;
  for (auto& candidate : candidates_) {
    if (!candidate.manifest) continue;
    for (const auto& component : candidate.manifest->components) {
      if (names(*candidate.manifest, component, name)) matches.push_back({&candidate, &component});
    }
  }
  return matches;
}

std::string PluginRegistry::searched_text() const {
  std::string text;
  for (const auto& directory : directories_) {
    text += (text.empty() ? "" : ", ") + directory.path;
    if (!directory.note.empty()) text += " (" + directory.note + ")";
  }
  return text.empty() ? "nowhere" : text;
}

Status PluginRegistry::unknown(std::string_view kind, std::string_view name) const {
  std::vector<std::string> known;
  std::string unreadable;
  for (const auto& candidate : candidates_) {
    if (candidate.manifest) {
      for (const auto& component : candidate.manifest->components) {
        if (component.kind == kind) known.push_back(component.name);
      }
    } else if (candidate.state == CandidateState::kFailed) {
      unreadable += " " + candidate.path + " could not be read: " + candidate.reason + ".";
    }
  }
  std::string text =
      "no plugin offers " + kind_text(kind) + " named \"" + std::string(name) + "\".";
  const auto meant = nearest_name(name, known);
  if (!meant.empty()) text += " Did you mean \"" + meant + "\"?";
  text += " There are: " + quoted_list(known) + ". Searched: " + searched_text() + "." + unreadable;
  text.pop_back();
  return load_error(LoadCause::kUnknownName, text);
}

Result<LoadedComponent> PluginRegistry::load(std::string_view kind, std::string_view name) {
  const auto named = find(name);
  std::vector<Match> matches;
  std::copy_if(named.begin(), named.end(), std::back_inserter(matches),
               [&](const Match& match) { return match.component->kind == kind; });
  if (matches.empty() && !named.empty()) {
    return load_error(LoadCause::kWrongKind,
                      "\"" + std::string(name) + "\" of " + file_text(*named.front().candidate) +
                          " is " + kind_text(named.front().component->kind) + ", not " +
                          kind_text(kind),
                      "Name " + kind_text(kind) + " here");
  }
  if (matches.empty()) return unknown(kind, name);
  // A file that cannot be used takes no name from one that can.
  const auto usable = std::stable_partition(matches.begin(), matches.end(), [](const Match& match) {
    return match.candidate->state != CandidateState::kFailed;
  });
  if (usable != matches.begin()) matches.erase(usable, matches.end());
  if (matches.size() > 1) {
    const std::string& id = matches[0].candidate->manifest->id;
    std::string next(load_error_info(LoadCause::kAmbiguous).next);
    if (id == matches[1].candidate->manifest->id) {
      next = "Remove one, or take its directory out of [node] plugin_path";
    } else {
      next += ": \"" + id + "/" + matches[0].component->name + "\"";
    }
    return load_error(LoadCause::kAmbiguous,
                      "two files offer " + kind_text(kind) + " named \"" + std::string(name) +
                          "\": " + file_text(*matches[0].candidate) + " and " +
                          file_text(*matches[1].candidate),
                      std::move(next));
  }
  auto& candidate = *matches.front().candidate;
  const std::string file = file_text(candidate);
  if (candidate.state == CandidateState::kFailed) {
    return Status(StatusCode::PLUGIN_INCOMPATIBLE, file + ": " + candidate.reason);
  }
  const auto plugin = load_plugin_library(candidate.path);
  auto component = plugin ? read_component(**plugin, *candidate.manifest, candidate.path,
                                           *matches.front().component)
                          : Result<LoadedComponent>(plugin.error());
  if (!component) {
    candidate.state = CandidateState::kFailed;
    candidate.reason = component.error().message();
    return Status(component.error().code(), file + ": " + candidate.reason);
  }
  candidate.state = CandidateState::kLoaded;
  return component;
}

}  // namespace kvhost::host
