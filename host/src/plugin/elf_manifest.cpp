// read_plugin_manifest and find_plugin_manifest: the section of the ELF file. Every offset and
// length in the file may lie and is checked against the file's size before it is used.
#include <elf.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bit>
#include <cerrno>
#include <cstring>
#include <functional>
#include <string>

#include "kvhost/abi/plugin.h"
#include "kvhost/host/plugin_manifest.hpp"

namespace kvhost::host {
namespace {

constexpr uint64_t kLargestManifest = 64 * 1024;
constexpr uint64_t kLargestNames = 1 << 20;

Status incompatible(std::string text) { return {StatusCode::PLUGIN_INCOMPATIBLE, std::move(text)}; }

struct Machine {
  uint16_t number;
  const char* name;
};
constexpr Machine kMachines[] = {
    {EM_X86_64, "x86-64"}, {EM_AARCH64, "arm64"}, {EM_386, "x86"},   {EM_ARM, "arm"},
    {EM_RISCV, "riscv"},   {EM_PPC64, "ppc64"},   {EM_S390, "s390"}, {EM_LOONGARCH, "loongarch"}};
#if defined(__x86_64__)
constexpr uint16_t kOwnMachine = EM_X86_64;
#elif defined(__aarch64__)
constexpr uint16_t kOwnMachine = EM_AARCH64;
#elif defined(__riscv)
constexpr uint16_t kOwnMachine = EM_RISCV;
#elif defined(__powerpc64__)
constexpr uint16_t kOwnMachine = EM_PPC64;
#else
#error "name this machine's ELF number here"
#endif

std::string machine_name(uint16_t number) {
  for (const auto& machine : kMachines) {
    if (machine.number == number) return machine.name;
  }
  return "machine " + std::to_string(number);
}

// Reads exactly `size` bytes at `offset`, or fails.
using ReadAt = std::function<Status(uint64_t offset, void* out, uint64_t size)>;

class ElfFile {
 public:
  ElfFile(ReadAt read_at, uint64_t file_size)
      : read_at_(std::move(read_at)), file_size_(file_size) {}

  Result<std::string> section(std::string_view wanted) {
    KVHOST_TRY(read_header());
    KVHOST_TRY_ASSIGN(const std::string names, section_names());
    for (uint32_t i = 0; i < header_.e_shnum; ++i) {
      KVHOST_TRY_ASSIGN(const Elf64_Shdr row, section_row(i));
      if (row.sh_name >= names.size() || names.c_str() + row.sh_name != wanted) continue;
      if (row.sh_type == SHT_NOBITS || row.sh_size > kLargestManifest) {
        return incompatible("section " + std::string(wanted) + " has " +
                            std::to_string(row.sh_size) + " bytes; at most " +
                            std::to_string(kLargestManifest) + " are read");
      }
      return bytes(row.sh_offset, row.sh_size, "section " + std::string(wanted));
    }
    return Status(StatusCode::NOT_SUPPORTED,
                  "no kvhost plugin: it has no section " + std::string(wanted) +
                      " (a plugin is made with KVHOST_PLUGIN; objcopy can remove the section)");
  }

 private:
  Status read_header() {
    if (file_size_ < sizeof(header_)) return incompatible("not an ELF file: it is too short");
    KVHOST_TRY(read_at_(0, &header_, sizeof(header_)));
    const auto* ident = header_.e_ident;
    if (std::memcmp(ident, ELFMAG, SELFMAG) != 0) {
      return incompatible("not an ELF file, so not a shared library of this system");
    }
    if (ident[EI_CLASS] != ELFCLASS64) return incompatible("built for 32 bits; this host has 64");
    constexpr auto kOwnOrder =
        std::endian::native == std::endian::little ? ELFDATA2LSB : ELFDATA2MSB;
    if (ident[EI_DATA] != kOwnOrder) return incompatible("built for the other byte order");
    if (header_.e_machine != kOwnMachine) {
      return incompatible("built for " + machine_name(header_.e_machine) + "; this host is " +
                          machine_name(kOwnMachine));
    }
    if (header_.e_type != ET_DYN) return incompatible("not a shared library (ELF type is not DYN)");
    if (header_.e_shnum == 0 || header_.e_shoff == 0) {
      return incompatible(
          "its section headers are gone, and the manifest with them; do not run "
          "sstrip or a packer on plugins (strip is fine)");
    }
    if (header_.e_shentsize < sizeof(Elf64_Shdr)) {
      return incompatible("damaged: section headers of " + std::to_string(header_.e_shentsize) +
                          " bytes");
    }
    return {};
  }

  Result<Elf64_Shdr> section_row(uint32_t index) {
    const uint64_t size = header_.e_shentsize;
    const uint64_t before = size * index;
    if (header_.e_shoff > file_size_ || before > file_size_ - header_.e_shoff ||
        sizeof(Elf64_Shdr) > file_size_ - header_.e_shoff - before) {
      return incompatible("damaged: section header " + std::to_string(index) +
                          " lies beyond the end of the file at " + std::to_string(file_size_));
    }
    Elf64_Shdr row;
    KVHOST_TRY(read_at_(header_.e_shoff + before, &row, sizeof(row)));
    return row;
  }

  Result<std::string> section_names() {
    if (header_.e_shstrndx >= header_.e_shnum) {
      return incompatible("damaged: the table of section names is not there");
    }
    KVHOST_TRY_ASSIGN(const Elf64_Shdr row, section_row(header_.e_shstrndx));
    if (row.sh_size > kLargestNames)
      return incompatible("damaged: section names of " + std::to_string(row.sh_size) + " bytes");
    return bytes(row.sh_offset, row.sh_size, "the section names");
  }

  Result<std::string> bytes(uint64_t offset, uint64_t size, const std::string& what) {
    if (offset > file_size_ || size > file_size_ - offset) {
      return incompatible("damaged: " + what + " end beyond the end of the file at " +
                          std::to_string(file_size_));
    }
    std::string data(size, '\0');
    KVHOST_TRY(read_at_(offset, data.data(), size));
    return data;
  }

  ReadAt read_at_;
  uint64_t file_size_;
  Elf64_Ehdr header_{};
};

Result<PluginManifest> read_from(ReadAt read_at, uint64_t file_size) {
  ElfFile file(std::move(read_at), file_size);
  KVHOST_TRY_ASSIGN(const std::string section, file.section(KVH_MANIFEST_SECTION));
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

Status io_error(const std::string& path, const char* call) {
  return {StatusCode::IO_ERROR, path + ": " + call + ": " + std::strerror(errno)};
}

}  // namespace

Result<PluginManifest> read_plugin_manifest(const std::string& path) {
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.number() < 0) return io_error(path, "open");
  struct stat facts {};
  if (fstat(file.number(), &facts) != 0) return io_error(path, "stat");
  if (!S_ISREG(facts.st_mode)) return incompatible("not a regular file");
  const auto read_at = [&](uint64_t offset, void* out, uint64_t size) -> Status {
    uint64_t done = 0;
    while (done < size) {
      const ssize_t count = pread(file.number(), static_cast<char*>(out) + done, size - done,
                                  static_cast<off_t>(offset + done));
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return io_error(path, "read");
      if (count == 0) return incompatible("damaged: it ends too early");
      done += static_cast<uint64_t>(count);
    }
    return {};
  };
  return read_from(read_at, static_cast<uint64_t>(facts.st_size));
}

Result<PluginManifest> find_plugin_manifest(std::span<const char> file) {
  const auto read_at = [file](uint64_t offset, void* out, uint64_t size) -> Status {
    if (offset > file.size() || size > file.size() - offset) {
      return incompatible("damaged: it ends too early");
    }
    if (size != 0) std::memcpy(out, file.data() + offset, size);
    return {};
  };
  return read_from(read_at, file.size());
}

}  // namespace kvhost::host
