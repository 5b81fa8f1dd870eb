// read_plugin_manifest, find_plugin_manifest and read_plugin_file: what a file says without being
// run.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "kvhost/abi/plugin.h"
#include "kvhost/host/plugin_file.hpp"
#include "kvhost/host/plugin_manifest.hpp"
#include "plugin/elf_file.hpp"
#include "plugin/library_search.hpp"
#include "plugin/load_error.hpp"

namespace kvhost::host {
namespace {

constexpr uint64_t kLargestManifest = 64 * 1024;

Result<PluginManifest> manifest_of(ElfFile& file) {
  KVHOST_TRY_ASSIGN(const std::string section,
                    file.section(KVH_MANIFEST_SECTION, kLargestManifest));
  // Padding and what a linker puts behind the string do not belong to it.
  return parse_plugin_manifest(std::string_view(section).substr(0, section.find('\0')));
}

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int number() const { return number_; }

 private:
  int number_;
};

Status io_error(const char* call) {
  return load_error(LoadCause::kUnreadable, std::string(call) + ": " + std::strerror(errno));
}

// Calls `use(ElfFile&)` on the file at `path`.
template <typename Use>
auto with_elf_file(const std::string& path, Use use) -> decltype(use(std::declval<ElfFile&>())) {
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.number() < 0) return io_error("open");
  struct stat facts {};
  if (fstat(file.number(), &facts) != 0) return io_error("stat");
  if (!S_ISREG(facts.st_mode)) return load_error(LoadCause::kNotElf, "not a regular file");
  const auto read_at = [&](uint64_t offset, void* out, uint64_t size) -> Status {
    uint64_t done = 0;
    while (done < size) {
      const ssize_t count = pread(file.number(), static_cast<char*>(out) + done, size - done,
                                  static_cast<off_t>(offset + done));
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return io_error("read");
      if (count == 0) return load_error(LoadCause::kDamaged, "it ends too early");
      done += static_cast<uint64_t>(count);
    }
    return {};
  };
  KVHOST_TRY_ASSIGN(ElfFile elf, ElfFile::open(read_at, static_cast<uint64_t>(facts.st_size)));
  return use(elf);
}

}  // namespace

Result<PluginManifest> read_plugin_manifest(const std::string& path) {
  return with_elf_file(path, [](ElfFile& file) { return manifest_of(file); });
}

Result<PluginFile> read_plugin_file(const std::string& path) {
  return with_elf_file(path, [&](ElfFile& file) -> Result<PluginFile> {
    PluginFile facts;
    KVHOST_TRY_ASSIGN(facts.manifest, manifest_of(file));
    KVHOST_TRY_ASSIGN(const bool has_symbols, file.has_symbol_table());
    facts.is_stripped = !has_symbols;
    KVHOST_TRY_ASSIGN(const auto linkage, file.linkage());
    facts.exports = linkage.exports;
    const LibrarySearch search(path, linkage.search_path);
    for (const auto& name : linkage.needed) {
      facts.needed.push_back({name, search.find(name)});
    }
    facts.searched = search.directories();
    return facts;
  });
}

Result<PluginManifest> find_plugin_manifest(std::span<const char> file) {
  const auto read_at = [file](uint64_t offset, void* out, uint64_t size) -> Status {
    if (offset > file.size() || size > file.size() - offset) {
      return load_error(LoadCause::kDamaged, "it ends too early");
    }
    if (size != 0) std::memcpy(out, file.data() + offset, size);
    return {};
  };
  KVHOST_TRY_ASSIGN(ElfFile elf, ElfFile::open(read_at, file.size()));
  return manifest_of(elf);
}

}  // namespace kvhost::host
