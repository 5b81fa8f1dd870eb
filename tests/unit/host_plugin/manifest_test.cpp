// The manifest is read from the file alone, and every offset in the file may lie.
#include <elf.h>

#include <catch2/catch.hpp>
#include <cstring>

#include "kvhost/host/plugin_manifest.hpp"
#include "support/temporary_directory.hpp"
#include "unit/host_plugin/test_plugins.hpp"

namespace kvhost::host {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace)

std::string tiny() { return read_bytes(plugin_file("tiny", "tiny")); }

std::string refusal(const std::string& bytes) {
  const auto manifest = find_plugin_manifest(bytes);
  REQUIRE_FALSE(manifest.has_value());
  return manifest.error().message();
}

template <typename Value>
void poke(std::string& bytes, std::size_t offset, Value value) {
  std::memcpy(bytes.data() + offset, &value, sizeof(value));
}

TEST_CASE("the manifest of a plugin") {
  const auto manifest = read_plugin_manifest(plugin_file("tiny", "tiny"));
  REQUIRE(manifest.has_value());
  CHECK(manifest->name_and_version() == "test.tiny 1.2.3");
  CHECK(manifest->abi_major == 1);
  CHECK(manifest->abi_minor_required == 0);
  REQUIRE(manifest->components.size() == 3);
  CHECK(manifest->components[0] == ManifestComponent{"kvhost.compaction/1", "tiny"});
  CHECK(manifest->components[1] == ManifestComponent{"kvhost.transport/1", "tiny-line"});
  CHECK(manifest->components[2] == ManifestComponent{"kvhost.exporter/1", "tiny-exporter"});
}

TEST_CASE("a plugin written in C has one, too") {
  const auto manifest = read_plugin_manifest(plugin_file("plain-c", "plain-c"));
  REQUIRE(manifest.has_value());
  CHECK(manifest->name_and_version() == "test.plain-c 0.9");
}

TEST_CASE("a shared library without the section is no plugin") {
  const auto manifest = read_plugin_manifest(plugin_file("no-manifest", "no-manifest"));
  REQUIRE_FALSE(manifest.has_value());
  CHECK(manifest.error().code() == StatusCode::NOT_SUPPORTED);
  CHECK(says(manifest.error().message(), "no section .kvhost.manifest"));
}

TEST_CASE("files that are no shared library of this machine") {
  CHECK(says(refusal(""), "too short"));
  CHECK(says(refusal(std::string(4096, 'x')), "not an ELF file"));
  auto bytes = tiny();
  bytes[EI_CLASS] = ELFCLASS32;
  CHECK(says(refusal(bytes), "built for 32 bits"));
  bytes = tiny();
  bytes[EI_DATA] = ELFDATA2MSB;
  CHECK(says(refusal(bytes), "other byte order"));
  bytes = tiny();
  poke<uint16_t>(bytes, offsetof(Elf64_Ehdr, e_machine), EM_S390);
  CHECK(says(refusal(bytes), "built for s390"));
  bytes = tiny();
  poke<uint16_t>(bytes, offsetof(Elf64_Ehdr, e_type), ET_REL);
  CHECK(says(refusal(bytes), "not a shared library"));
}

TEST_CASE("section headers that are gone or lie") {
  auto bytes = tiny();
  poke<uint16_t>(bytes, offsetof(Elf64_Ehdr, e_shnum), 0);
  CHECK(says(refusal(bytes), "section headers are gone"));
  bytes = tiny();
  poke<uint64_t>(bytes, offsetof(Elf64_Ehdr, e_shoff), ~uint64_t{0} - 8);
  CHECK(says(refusal(bytes), "beyond the end"));
  bytes = tiny();
  poke<uint16_t>(bytes, offsetof(Elf64_Ehdr, e_shentsize), 3);
  CHECK(says(refusal(bytes), "section headers of 3 bytes"));
  bytes = tiny();
  poke<uint16_t>(bytes, offsetof(Elf64_Ehdr, e_shstrndx), 0xFFFF);
  CHECK(says(refusal(bytes), "section names is not there"));
}

TEST_CASE("every truncation of a plugin is refused without a fault") {
  const auto bytes = tiny();
  for (std::size_t size = 0; size < bytes.size(); size += 1 + size / 16) {
    CHECK_FALSE(find_plugin_manifest(std::span(bytes).first(size)).has_value());
  }
}

TEST_CASE("random damage never faults") {
  const auto whole = tiny();
  uint64_t state = 42;
  const auto next = [&state] {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return state >> 33;
  };
  Elf64_Ehdr header;
  std::memcpy(&header, whole.data(), sizeof(header));
  const std::size_t table = header.e_shoff;
  for (int round = 0; round < 2000; ++round) {
    auto bytes = whole;
    for (int i = 0; i < 4; ++i) {
      // Half of the hits go into the section headers, where offsets and lengths stand.
      const bool in_table = next() % 2 == 0;
      const std::size_t at =
          in_table ? table + next() % (bytes.size() - table) : next() % sizeof(Elf64_Ehdr);
      bytes[at] = static_cast<char>(next());
    }
    const auto manifest = find_plugin_manifest(bytes);
    if (!manifest) CHECK_FALSE(manifest.error().message().empty());
  }
}

TEST_CASE("manifests that are malformed") {
  const auto wrong = [](const std::string& text) {
    const auto manifest = parse_plugin_manifest(text);
    REQUIRE_FALSE(manifest.has_value());
    CHECK(manifest.error().code() == StatusCode::PLUGIN_INCOMPATIBLE);
    return manifest.error().message();
  };
  const std::string head = "kvhost-plugin 1\nid=a.b\nversion=1\n";
  CHECK(says(wrong(""), "not with \"kvhost-plugin 1\""));
  CHECK(says(wrong("kvhost-plugin 2\n"), "kvhost-plugin 2"));
  CHECK(says(wrong(head + "abi=1.0\n"), "no component"));
  CHECK(says(wrong(head + "component=kvhost.compaction/1 x\n"), "abi="));
  CHECK(says(wrong(head + "abi=one\n"), "MAJOR.MINOR"));
  CHECK(says(wrong(head + "abi=1.99999999999\n"), "MAJOR.MINOR"));
  CHECK(says(wrong(head + "abi=1.0\ncomponent=x\n"), "KIND NAME"));
  CHECK(says(wrong(head + "abi=1.0\ncomponent=k/1 BAD\n"), "KIND NAME"));
  CHECK(says(wrong(head + "abi=1.0\ncomponent=k/1 x"), "no end"));
  CHECK(says(wrong("kvhost-plugin 1\nid=\nversion=1\nabi=1.0\ncomponent=k/1 x\n"), "plugin id"));
  CHECK(parse_plugin_manifest(head + "abi=1.0\nfuture=yes\ncomponent=k/1 x\n").has_value());
}

TEST_CASE("something that is no file") {
  const engine::testing::TemporaryDirectory directory;
  CHECK(read_plugin_manifest(directory.path()).error().code() == StatusCode::PLUGIN_INCOMPATIBLE);
  CHECK(read_plugin_manifest(directory.path() + "/none.so").error().code() == StatusCode::IO_ERROR);
}

}  // namespace
}  // namespace kvhost::host
