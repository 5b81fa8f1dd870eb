#include "plugin/elf_file.hpp"

#include <bit>
#include <cstring>
#include <utility>

#include "plugin/load_error.hpp"

namespace kvhost::host {
namespace {

constexpr uint64_t kLargestNames = 1 << 20;
constexpr uint64_t kLargestTable = 64 << 20;

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

Status damaged(std::string text) { return load_error(LoadCause::kDamaged, std::move(text)); }

// The string at `offset` of a table of strings; empty where there is none.
std::string string_at(const std::string& strings, uint64_t offset) {
  return offset < strings.size() ? std::string(strings.c_str() + offset) : std::string();
}

}  // namespace

Result<ElfFile> ElfFile::open(ReadAt read_at, uint64_t file_size) {
  ElfFile file(std::move(read_at), file_size);
  KVHOST_TRY(file.read_header());
  KVHOST_TRY(file.read_sections());
  return file;
}

Status ElfFile::read_header() {
  if (file_size_ < sizeof(header_)) {
    return load_error(LoadCause::kNotElf, "not an ELF file: it is too short");
  }
  KVHOST_TRY(read_at_(0, &header_, sizeof(header_)));
  const auto* ident = header_.e_ident;
  if (std::memcmp(ident, ELFMAG, SELFMAG) != 0) {
    return load_error(LoadCause::kNotElf,
                      "not an ELF file, so not a shared library of this system");
  }
  if (ident[EI_CLASS] != ELFCLASS64) {
    return load_error(LoadCause::kOtherMachine, "built for 32 bits; this host has 64");
  }
  constexpr auto kOwnOrder = std::endian::native == std::endian::little ? ELFDATA2LSB : ELFDATA2MSB;
  if (ident[EI_DATA] != kOwnOrder) {
    return load_error(LoadCause::kOtherMachine, "built for the other byte order");
  }
  if (header_.e_machine != kOwnMachine) {
    return load_error(LoadCause::kOtherMachine, "built for " + machine_name(header_.e_machine) +
                                                    "; this host is " + machine_name(kOwnMachine));
  }
  if (header_.e_type != ET_DYN) {
    return load_error(LoadCause::kNotElf, "not a shared library (ELF type is not DYN)");
  }
  if (header_.e_shnum == 0 || header_.e_shoff == 0) {
    return load_error(LoadCause::kNoSections,
                      "its section headers are gone, and the manifest with them");
  }
  if (header_.e_shentsize < sizeof(Elf64_Shdr)) {
    return damaged("section headers of " + std::to_string(header_.e_shentsize) + " bytes");
  }
  return {};
}

Status ElfFile::read_sections() {
  const uint64_t size = header_.e_shentsize;
  for (uint64_t i = 0; i < header_.e_shnum; ++i) {
    const uint64_t before = size * i;
    if (header_.e_shoff > file_size_ || before > file_size_ - header_.e_shoff ||
        sizeof(Elf64_Shdr) > file_size_ - header_.e_shoff - before) {
      return damaged("section header " + std::to_string(i) +
                     " lies beyond the end of the file at " + std::to_string(file_size_));
    }
    Elf64_Shdr row;
    KVHOST_TRY(read_at_(header_.e_shoff + before, &row, sizeof(row)));
    sections_.push_back(row);
  }
  return {};
}

Result<std::string> ElfFile::bytes(uint64_t offset, uint64_t size, const std::string& what) {
  if (offset > file_size_ || size > file_size_ - offset) {
    return damaged(what + " end beyond the end of the file at " + std::to_string(file_size_));
  }
  std::string data(size, '\0');
  KVHOST_TRY(read_at_(offset, data.data(), size));
  return data;
}

Result<std::string> ElfFile::section_names() {
  if (header_.e_shstrndx >= header_.e_shnum) {
    return damaged("the table of section names is not there");
  }
  const Elf64_Shdr& row = sections_[header_.e_shstrndx];
  if (row.sh_size > kLargestNames) {
    return damaged("section names of " + std::to_string(row.sh_size) + " bytes");
  }
  return bytes(row.sh_offset, row.sh_size, "the section names");
}

Result<std::string> ElfFile::section(std::string_view wanted, uint64_t most_bytes) {
  KVHOST_TRY_ASSIGN(const std::string names, section_names());
  for (const Elf64_Shdr& row : sections_) {
    if (string_at(names, row.sh_name) != wanted) continue;
    if (row.sh_type == SHT_NOBITS || row.sh_size > most_bytes) {
      return damaged("section " + std::string(wanted) + " has " + std::to_string(row.sh_size) +
                     " bytes; at most " + std::to_string(most_bytes) + " are read");
    }
    return bytes(row.sh_offset, row.sh_size, "section " + std::string(wanted));
  }
  return load_error(LoadCause::kNoManifest,
                    "no kvhost plugin: it has no section " + std::string(wanted));
}

Result<bool> ElfFile::has_symbol_table() {
  for (const Elf64_Shdr& row : sections_) {
    if (row.sh_type == SHT_SYMTAB) return true;
  }
  return false;
}

Result<ElfFile::WithStrings> ElfFile::with_strings(const Elf64_Shdr& row, const std::string& what) {
  if (row.sh_link >= sections_.size()) return damaged(what + " has no strings");
  const Elf64_Shdr& strings = sections_[row.sh_link];
  if (row.sh_size > kLargestTable || strings.sh_size > kLargestTable) {
    return damaged(what + " of " + std::to_string(row.sh_size) + " bytes");
  }
  WithStrings both;
  KVHOST_TRY_ASSIGN(both.bytes, bytes(row.sh_offset, row.sh_size, what));
  KVHOST_TRY_ASSIGN(both.strings, bytes(strings.sh_offset, strings.sh_size, "strings of " + what));
  return both;
}

Status ElfFile::read_dynamic(const Elf64_Shdr& row, Linkage& linkage) {
  KVHOST_TRY_ASSIGN(const WithStrings table, with_strings(row, "the dynamic section"));
  for (std::size_t at = 0; at + sizeof(Elf64_Dyn) <= table.bytes.size(); at += sizeof(Elf64_Dyn)) {
    Elf64_Dyn entry;
    std::memcpy(&entry, table.bytes.data() + at, sizeof(entry));
    const std::string text = string_at(table.strings, entry.d_un.d_val);
    if (entry.d_tag == DT_NULL) break;
    if (entry.d_tag == DT_NEEDED) linkage.needed.push_back(text);
    if (entry.d_tag == DT_RPATH || entry.d_tag == DT_RUNPATH) linkage.search_path.push_back(text);
  }
  return {};
}

Status ElfFile::read_symbols(const Elf64_Shdr& row, Linkage& linkage) {
  KVHOST_TRY_ASSIGN(const WithStrings table, with_strings(row, "the dynamic symbols"));
  for (std::size_t at = 0; at + sizeof(Elf64_Sym) <= table.bytes.size(); at += sizeof(Elf64_Sym)) {
    Elf64_Sym symbol;
    std::memcpy(&symbol, table.bytes.data() + at, sizeof(symbol));
    const auto visibility = ELF64_ST_VISIBILITY(symbol.st_other);
    const bool is_local = ELF64_ST_BIND(symbol.st_info) == STB_LOCAL || visibility == STV_HIDDEN ||
                          visibility == STV_INTERNAL;
    if (is_local || symbol.st_shndx == SHN_UNDEF || symbol.st_shndx == SHN_ABS) continue;
    linkage.exports.push_back(string_at(table.strings, symbol.st_name));
  }
  return {};
}

Result<ElfFile::Linkage> ElfFile::linkage() {
  Linkage linkage;
  for (const Elf64_Shdr& row : sections_) {
    if (row.sh_type == SHT_DYNAMIC) KVHOST_TRY(read_dynamic(row, linkage));
    if (row.sh_type == SHT_DYNSYM) KVHOST_TRY(read_symbols(row, linkage));
  }
  return linkage;
}

}  // namespace kvhost::host
