// Which plugin a name means, and what is said when it means none.
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "kvhost/abi/compaction.h"
#include "kvhost/abi/transport.h"
#include "plugin/plugin_library.hpp"
#include "plugin/plugin_registry.hpp"
#include "plugin/plugin_report.hpp"
#include "support/temporary_directory.hpp"
#include "unit/host_plugin/test_plugins.hpp"

namespace kvhost::host {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace)
using engine::testing::TemporaryDirectory;

std::string failure(PluginRegistry& registry, std::string_view name,
                    std::string_view kind = KVH_KIND_COMPACTION) {
  const auto component = registry.load(kind, name);
  REQUIRE_FALSE(component.has_value());
  return component.error().message();
}

std::string failure_in(const std::string& folder, std::string_view name) {
  auto registry = PluginRegistry::scan({plugin_folder(folder)});
  return failure(registry, name);
}

TEST_CASE("a component is found by its name and by its qualified name") {
  auto registry = PluginRegistry::scan({plugin_folder("tiny"), plugin_folder("plain-c")});
  for (const char* name : {"tiny", "test.tiny/tiny"}) {
    const auto component = registry.load(KVH_KIND_COMPACTION, name);
    REQUIRE(component.has_value());
    CHECK(component->name == "tiny");
    CHECK(component->plugin_id == "test.tiny");
    CHECK(component->plugin_version == "1.2.3");
    CHECK(component->doc == "never merges");
    CHECK(component->options.size() == 10);
    CHECK(component->table != nullptr);
  }
  const auto line = registry.load(KVH_KIND_TRANSPORT, "tiny-line");
  REQUIRE(line.has_value());
  CHECK(line->options.at(0).type == OptionType::kAddress);
  CHECK(registry.load(KVH_KIND_COMPACTION, "plain-c").has_value());
}

TEST_CASE("an unknown name says what there is, what was meant and where was searched") {
  auto registry = PluginRegistry::scan({plugin_folder("tiny"), "/no/such/place"});
  const auto text = failure(registry, "tinny");
  CHECK(says(text, "no plugin offers a compaction policy named \"tinny\""));
  CHECK(says(text, "Did you mean \"tiny\"?"));
  CHECK(says(text, plugin_folder("tiny")));
  CHECK(says(text, "/no/such/place (does not exist)"));
  CHECK(says(text, "plugin_path"));
}

TEST_CASE("the wrong kind is named") {
  auto registry = PluginRegistry::scan({plugin_folder("tiny")});
  const auto text = failure(registry, "tiny-line");
  CHECK(says(text, "is a transport, not a compaction policy"));
  CHECK(says(text, "test.tiny 1.2.3"));
}

TEST_CASE("two files that offer one name are both named") {
  const TemporaryDirectory other;
  write_bytes(other.path() + "/copy.so", read_bytes(plugin_file("tiny", "tiny")));
  auto registry = PluginRegistry::scan({plugin_folder("tiny"), other.path()});
  const auto text = failure(registry, "tiny");
  CHECK(says(text, "two files offer a compaction policy named \"tiny\""));
  CHECK(says(text, plugin_file("tiny", "tiny")));
  CHECK(says(text, other.path() + "/copy.so"));
}

TEST_CASE("a file that must not be used takes no name from one that may") {
  const TemporaryDirectory other;
  const std::string copy = other.path() + "/copy.so";
  write_bytes(copy, read_bytes(plugin_file("tiny", "tiny")));
  REQUIRE(chmod(copy.c_str(), 0666) == 0);
  auto registry = PluginRegistry::scan({other.path(), plugin_folder("tiny")});
  CHECK(registry.load(KVH_KIND_COMPACTION, "tiny").has_value());
}

TEST_CASE("one file by two ways is one file") {
  const TemporaryDirectory other;
  REQUIRE(symlink(plugin_file("tiny", "tiny").c_str(), (other.path() + "/link.so").c_str()) == 0);
  auto registry = PluginRegistry::scan(
      {plugin_folder("tiny"), plugin_folder("tiny") + "/../tiny", other.path()});
  CHECK(registry.candidates().size() == 1);
  CHECK(registry.load(KVH_KIND_COMPACTION, "tiny").has_value());
}

TEST_CASE("an incompatible plugin says what it needs and what is here") {
  CHECK(says(failure_in("newer-major", "faulty"),
             "newer-major.so (test.faulty 1.0.0): needs plugin ABI 99.0, and this host has 1.0"));
  CHECK(says(failure_in("newer-minor", "faulty"), "needs plugin ABI 1.999"));
  CHECK(says(failure_in("newer-minor", "faulty"), "Use a newer kvhost"));
}

TEST_CASE("plugins that contradict themselves") {
  CHECK(says(failure_in("liar", "faulty"),
             "its manifest says test.honest 1.0.0, its table says test.faulty 1.0.0"));
  CHECK(says(failure_in("malformed_schema", "faulty"), "default \"1\": it is too small"));
  CHECK(says(failure_in("no_table", "faulty"), "lacks the required slot plan"));
  CHECK(says(failure_in("no_entry", "faulty"), "the dynamic loader refuses it"));
  CHECK(says(failure_in("no_entry", "faulty"), "kvhost_plugin_v1"));
}

TEST_CASE("files that others could have written are not loaded") {
  const TemporaryDirectory folder;
  const std::string file = folder.path() + "/tiny.so";
  write_bytes(file, read_bytes(plugin_file("tiny", "tiny")));
  const auto refused = [&] {
    auto registry = PluginRegistry::scan({folder.path()});
    REQUIRE(registry.candidates().size() == 1);
    CHECK(registry.candidates()[0].state == CandidateState::kFailed);
    return failure(registry, "tiny");
  };
  REQUIRE(chmod(file.c_str(), 0666) == 0);
  CHECK(says(refused(), "can be written by everybody"));
  REQUIRE(chmod(file.c_str(), 0644) == 0);
  REQUIRE(chmod(folder.path().c_str(), 0777) == 0);
  CHECK(says(refused(), "lies in a directory that everybody"));
  REQUIRE(chmod(folder.path().c_str(), 0755) == 0);
  if (geteuid() == 0) {
    REQUIRE(chown(file.c_str(), 12345, 0) == 0);
    CHECK(says(refused(), "belongs to user 12345"));
    REQUIRE(chown(file.c_str(), 0, 0) == 0);
  }
  auto registry = PluginRegistry::scan({folder.path()});
  CHECK(registry.load(KVH_KIND_COMPACTION, "tiny").has_value());
}

TEST_CASE("a file or a folder that its group may write is loaded, and named with the remedy") {
  const TemporaryDirectory folder;
  const std::string file = folder.path() + "/tiny.so";
  write_bytes(file, read_bytes(plugin_file("tiny", "tiny")));
  REQUIRE(chmod(folder.path().c_str(), 0755) == 0);
  REQUIRE(chmod(file.c_str(), 0664) == 0);
  auto registry = PluginRegistry::scan({folder.path()});
  CHECK(registry.load(KVH_KIND_COMPACTION, "tiny").has_value());
  CHECK(says(plugin_file_doubt(file), "Run: chmod g-w " + file));
  REQUIRE(chmod(file.c_str(), 0644) == 0);
  CHECK(plugin_file_doubt(file).empty());
  REQUIRE(chmod(folder.path().c_str(), 0775) == 0);
  CHECK(says(plugin_file_doubt(file), "Run: chmod g-w " + folder.path()));
}

TEST_CASE("files that are no plugins are listed with the reason") {
  const TemporaryDirectory folder;
  write_bytes(folder.path() + "/a.so", "no library at all");
  write_bytes(folder.path() + "/b.so", read_bytes(plugin_file("no-manifest", "no-manifest")));
  write_bytes(folder.path() + "/c.txt", "not looked at");
  auto registry = PluginRegistry::scan({folder.path()});
  REQUIRE(registry.candidates().size() == 2);
  CHECK(registry.candidates()[0].state == CandidateState::kFailed);
  CHECK(registry.candidates()[1].state == CandidateState::kSkipped);
  const auto text = plugins_as_text(registry);
  CHECK(says(text, "failed  " + folder.path() + "/a.so"));
  CHECK(says(text, "skipped  " + folder.path() + "/b.so"));
  CHECK(says(plugins_as_json(registry), "\"state\":\"skipped\""));
  CHECK(says(failure(registry, "tiny"), "a.so could not be read"));
}

TEST_CASE("a plugin of another compiler and standard library is loaded") {
  if (access(plugin_file("libcxx", "tiny").c_str(), R_OK) != 0) {
    WARN("skipped: clang++ with libc++ is not here, or this is a sanitizer build");
    return;
  }
  auto registry = PluginRegistry::scan({plugin_folder("libcxx")});
  const auto component = registry.load(KVH_KIND_COMPACTION, "tiny");
  INFO((component ? "" : component.error().message()));
  REQUIRE(component.has_value());
  CHECK(component->options.size() == 10);
}

}  // namespace
}  // namespace kvhost::host
