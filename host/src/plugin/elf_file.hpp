// A shared library as bytes: its sections, what it needs and what it exports. Nothing is mapped or
// run, and every offset and length in the file may lie: each is checked against the file's size.
//
// Threads:   one.
// Errors:    as kvhost/host/plugin_manifest.hpp.
#pragma once

#include <elf.h>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "kvhost/result.hpp"

namespace kvhost::host {

class ElfFile {
 public:
  // Reads exactly `size` bytes at `offset`, or fails.
  using ReadAt = std::function<Status(uint64_t offset, void* out, uint64_t size)>;

  // Checks the header: a shared library of this machine.
  static Result<ElfFile> open(ReadAt read_at, uint64_t file_size);

  // The bytes of the section; NOT_SUPPORTED when there is none of that name.
  Result<std::string> section(std::string_view name, uint64_t most_bytes);
  // Whether it still has the table of symbols that only debuggers read.
  Result<bool> has_symbol_table();

  struct Linkage {
    std::vector<std::string> needed;       // DT_NEEDED: "libz.so.1"
    std::vector<std::string> search_path;  // DT_RPATH and DT_RUNPATH, as written
    std::vector<std::string> exports;      // names that others can link to
  };
  Result<Linkage> linkage();

 private:
  ElfFile(ReadAt read_at, uint64_t file_size)
      : read_at_(std::move(read_at)), file_size_(file_size) {}

  Status read_header();
  Status read_sections();
  Result<std::string> section_names();
  Result<std::string> bytes(uint64_t offset, uint64_t size, const std::string& what);
  // The section at `index` and the string table that it links to.
  struct WithStrings {
    std::string bytes;
    std::string strings;
  };
  Result<WithStrings> with_strings(const Elf64_Shdr& row, const std::string& what);
  Status read_dynamic(const Elf64_Shdr& row, Linkage& linkage);
  Status read_symbols(const Elf64_Shdr& row, Linkage& linkage);

  ReadAt read_at_;
  uint64_t file_size_;
  Elf64_Ehdr header_{};
  std::vector<Elf64_Shdr> sections_;
};

}  // namespace kvhost::host
