// Feeds arbitrary bytes to what judges a plugin file before any of its code runs: the ELF section
// and the manifest in it. No offset or length may lead out of the file.
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string_view>

#include "kvhost/host/plugin_manifest.hpp"

using namespace kvhost::host;  // NOLINT(google-build-using-namespace)

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto from_file = find_plugin_manifest(std::span(input.data(), input.size()));
  if (!from_file && from_file.error().message().empty()) std::abort();
  const auto from_text = parse_plugin_manifest(input);
  if (from_text && from_text->components.empty()) std::abort();
  return 0;
}
