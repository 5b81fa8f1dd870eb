// Every reason for which a plugin is not loaded, with the whole message that a user reads.
#include <elf.h>
#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <cstring>
#include <regex>
#include <set>

#include "kvhost/abi/compaction.h"
#include "plugin/load_error.hpp"
#include "plugin/plugin_registry.hpp"
#include "support/golden_file.hpp"
#include "support/places.hpp"
#include "support/temporary_directory.hpp"
#include "unit/host_plugin/test_plugins.hpp"

namespace kvhost::host {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace)
using engine::testing::TemporaryDirectory;
using kvhost::testing::golden_text;

void replace_all(std::string& text, const std::string& from, const std::string& to) {
  for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
}

// A folder with one broken plugin in it, and what a host says that is told to use it.
class Scene {
 public:
  std::string put(const std::string& name, const std::string& bytes) {
    write_bytes(folder_.path() + "/" + name, bytes);
    return folder_.path() + "/" + name;
  }
  std::string message(std::string_view name, std::string_view kind = KVH_KIND_COMPACTION) const {
    auto registry = PluginRegistry::scan({folder_.path()});
    const auto loaded = registry.load(kind, name);
    REQUIRE_FALSE(loaded.has_value());
    return masked(loaded.error().message());
  }
  // What differs from machine to machine gets a name.
  std::string masked(std::string text) const {
    replace_all(text, folder_.path(), "DIR");
    replace_all(text, kvhost::testing::binary_dir() + "/tests/plugins", "PLUGINS");
    text = std::regex_replace(text, std::regex("header [0-9]+ lies"), "header N lies");
    text = std::regex_replace(text, std::regex("file at [0-9]+"), "file at SIZE");
    text = std::regex_replace(text, std::regex("this host is [^.]+\\."), "this host is MACHINE.");
    static const std::regex kSearched("Searched: /[^.]*(\\.[^ ][^.]*)*\\. Install the library");
    return std::regex_replace(text, kSearched, "Searched: LIBRARY PATH. Install the library");
  }

 private:
  TemporaryDirectory folder_;
};

std::string tiny() { return read_bytes(plugin_file("tiny", "tiny")); }
std::string built(const std::string& name) { return read_bytes(plugin_file(name, name)); }

std::string with_machine(uint16_t machine) {
  std::string bytes = tiny();
  std::memcpy(bytes.data() + offsetof(Elf64_Ehdr, e_machine), &machine, sizeof(machine));
  return bytes;
}
std::string without_sections() {
  std::string bytes = tiny();
  const uint16_t none = 0;
  std::memcpy(bytes.data() + offsetof(Elf64_Ehdr, e_shnum), &none, sizeof(none));
  return bytes;
}
std::string replaced(std::string bytes, const std::string& from, const std::string& to) {
  REQUIRE(from.size() == to.size());
  REQUIRE(bytes.find(from) != std::string::npos);
  replace_all(bytes, from, to);
  return bytes;
}

std::string every_message() {
  std::string page;
  const auto tell = [&](std::string_view what, const std::string& message) {
    page += "# " + std::string(what) + "\n" + message + "\n\n";
  };
  const auto of = [](const std::string& bytes, std::string_view name = "tiny") {
    Scene scene;
    scene.put("it.so", bytes);
    return scene.message(name);
  };
  tell("a name that nobody offers", of(tiny(), "tinny"));
  tell("a component of another kind", of(tiny(), "tiny-line"));
  {
    Scene scene;
    scene.put("one.so", tiny());
    scene.put("two.so", tiny());
    tell("two files that offer one name", scene.message("tiny"));
  }
  tell("a file that is no library", of("#!/bin/sh\n" + std::string(100, 'x')));
  tell("another machine", of(with_machine(EM_S390)));
  tell("a file that was cut", of(tiny().substr(0, tiny().size() - 100)));
  tell("section headers removed", of(without_sections()));
  tell("no manifest",
       read_plugin_manifest(plugin_file("no-manifest", "no-manifest")).error().message());
  tell("a manifest of another version",
       of(replaced(tiny(), "kvhost-plugin 1\nid=", "kvhost-plugin 9\nid=")));
  tell("another major ABI", of(built("newer-major"), "faulty"));
  tell("a newer minor ABI", of(built("newer-minor"), "faulty"));
  {
    Scene scene;
    REQUIRE(chmod(scene.put("it.so", tiny()).c_str(), 0666) == 0);
    tell("a file that everybody can write", scene.message("tiny"));
  }
  tell("a library that is not here", of(replaced(tiny(), "libstdc++.so.6", "libabsent.so.6")));
  tell("no entry function", of(built("no_entry"), "faulty"));
  tell("an entry function that returns nothing", of(built("returns_nothing"), "faulty"));
  tell("a manifest that lies", of(built("liar"), "faulty"));
  tell("a required slot that is missing", of(built("no_table"), "faulty"));
  tell("an option that contradicts itself", of(built("malformed_schema"), "faulty"));
  tell("a file that is not there", read_plugin_manifest("/nonexistent/it.so").error().message());
  return page;
}

TEST_CASE("load errors: every message as it is read") {
  const std::string page = every_message();
  CHECK(golden_text("tests/data/plugins/load_errors.txt", page) == page);
}

TEST_CASE("load errors: every code is in a message, and every message ends with one") {
  const std::string page = every_message();
  std::set<std::string> codes;
  for (const auto& info : load_errors()) {
    INFO(info.code);
    CHECK(codes.insert(std::string(info.code)).second);
    CHECK(says(page, "[" + std::string(info.code) + "]"));
    CHECK_FALSE(info.meaning.empty());
    CHECK_FALSE(info.next.empty());
  }
}

TEST_CASE("load errors: the reference page is fresh") {
  const std::string page = load_errors_page();
  CHECK(golden_text("docs/reference/load-errors.md", page) == page);
}

}  // namespace
}  // namespace kvhost::host
