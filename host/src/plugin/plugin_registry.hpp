// The plugins that this host can reach: files found in the searched directories, known by their
// manifests; a library is mapped when one of its components is asked for.
//
// Threads:   the control thread; candidates() may be read from any thread while nothing is loaded.
// Errors:    every error says which file, which plugin id and version, what it needs and what is
//            here, every path searched, and what to do next.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kvhost/host/plugin_manifest.hpp"
#include "kvhost/result.hpp"
#include "plugin/loaded_component.hpp"

namespace kvhost::host {

enum class CandidateState : uint8_t {
  kAvailable,  // its manifest is sound; nothing asked for it yet
  kLoaded,
  kSkipped,  // a shared library that is no plugin
  kFailed,   // cannot be used; `reason` says why
};
std::string_view to_string(CandidateState state);

struct PluginCandidate {
  std::string path;  // absolute, without symbolic links
  CandidateState state = CandidateState::kAvailable;
  std::string reason;
  std::optional<PluginManifest> manifest;
};

struct SearchedDirectory {
  std::string path;
  // Empty, or why nothing was found there: "does not exist".
  std::string note;
};

class PluginRegistry {
 public:
  // Reads the manifest of every *.so in `directories`; runs no code. Never fails: what is wrong
  // with a file is told with the file.
  static PluginRegistry scan(const std::vector<std::string>& directories);
  // `[node] plugin_path` after the directory that belongs to this program, ../lib/kvhost/plugins.
  static std::vector<std::string> search_path(const std::vector<std::string>& plugin_path);

  // The component `name` ("tiered" or "org.example.tiered/tiered") of a kind, mapped and checked.
  Result<LoadedComponent> load(std::string_view kind, std::string_view name);

  const std::vector<PluginCandidate>& candidates() const { return candidates_; }
  const std::vector<SearchedDirectory>& directories() const { return directories_; }

 private:
  struct Match {
    PluginCandidate* candidate;
    const ManifestComponent* component;
  };
  void scan_directory(const std::string& directory);
  void add_file(const std::string& path);
  std::vector<Match> find(std::string_view name);
  Status unknown(std::string_view kind, std::string_view name) const;
  std::string searched_text() const;

  std::vector<PluginCandidate> candidates_;
  std::vector<SearchedDirectory> directories_;
};

// "a compaction policy" for "kvhost.compaction/1".
std::string kind_text(std::string_view kind);

}  // namespace kvhost::host
