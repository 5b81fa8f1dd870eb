// A folder with a node.toml over the tiny plugins of tests/plugins.
#pragma once

#include <fstream>
#include <sstream>
#include <string>

#include "host/node_process.hpp"
#include "support/places.hpp"
#include "support/temporary_directory.hpp"

namespace kvhost::host::testing {

inline bool says(const std::string& text, const std::string& words) {
  return text.find(words) != std::string::npos;
}

struct NodeFolder {
  std::string path() const { return directory.path(); }
  std::string config() const { return path() + "/node.toml"; }
  void write(const std::string& text) const { std::ofstream(config()) << text; }

  // The smallest node: `more` is put behind, so it may add sections; `policy` and `line` are
  // options.
  void write_tiny(const std::string& more = "", const std::string& policy = "",
                  const std::string& line = "", const std::string& node = "") const {
    const std::string plugins = kvhost::testing::binary_dir() + "/tests/plugins/";
    write("[node]\nplugin_path = [\"" + plugins + "tiny\"]\n" + node +
          "\n[engine]\nmemory = \"32MiB\"\nwal_segment_size = \"1MiB\"\n"
          "[compaction]\nplugin = \"tiny\"\n[compaction.options]\n" +
          policy + "\n[[transport]]\nplugin = \"tiny-line\"\n[transport.options]\n" + line +
          "\n[metrics]\nplugin = \"none\"\n" + more);
  }
  // The same with the policy of another folder of tests/plugins.
  void write_policy(const std::string& folder, const std::string& name) const {
    const std::string plugins = kvhost::testing::binary_dir() + "/tests/plugins/";
    write("transport = []\n[node]\nplugin_path = [\"" + plugins + folder +
          "\"]\n[engine]\nmemory = \"32MiB\"\nwal_segment_size = \"1MiB\"\n"
          "[compaction]\nplugin = \"" +
          name + "\"\n[metrics]\nplugin = \"none\"\n");
  }

  engine::testing::TemporaryDirectory directory;
};

}  // namespace kvhost::host::testing
