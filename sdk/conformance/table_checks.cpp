// The file, its entry function, its table and the sizes in it.
#include "table_checks.hpp"

#include <dlfcn.h>

#include <set>
#include <string>

#include "kvhost/abi/compaction.h"
#include "kvhost/abi/metrics.h"
#include "kvhost/abi/replication.h"
#include "kvhost/abi/transport.h"
#include "process_facts.hpp"
#include "pure_entry.hpp"
#include "subject.hpp"

namespace kvhost::conformance {
namespace {

using detail::to_view;

constexpr uint32_t kLargestTable = 4096;  // bytes; a size beyond it was never written

bool is_name(std::string_view text) {
  if (text.empty() || text.size() > 64) return false;
  for (const char c : text) {
    if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-')) return false;
  }
  return true;
}

bool is_plausible(const kvh_bytes& bytes) { return bytes.data != nullptr || bytes.size == 0; }

// Says which required slot the kind's table lacks, or that its size covers none.
void check_kind_table(const kvh_component& row, Report& report) {
  const std::string_view kind = to_view(row.kind);
  const auto* const size = static_cast<const uint32_t*>(row.table);
  if (size == nullptr) return report.fail("the component has no table of its kind");
  report.expect(*size >= 8 && *size <= kLargestTable, "the table's size is none");
  const auto require = [&](bool there, const char* slot) {
    report.expect(there, std::string("the required slot ") + slot + " is missing");
  };
  if (kind == KVH_KIND_COMPACTION) {
    const auto* table = static_cast<const kvh_compaction*>(row.table);
    require(KVH_HAS(table, kvh_compaction, plan), "plan");
  } else if (kind == KVH_KIND_TRANSPORT) {
    const auto* table = static_cast<const kvh_transport*>(row.table);
    require(KVH_HAS(table, kvh_transport, addresses), "addresses");
  } else if (kind == KVH_KIND_EXPORTER) {
    const auto* table = static_cast<const kvh_exporter*>(row.table);
    require(KVH_HAS(table, kvh_exporter, attach), "attach");
  } else if (kind == KVH_KIND_REPLICATION) {
    const auto* table = static_cast<const kvh_replication*>(row.table);
    require(KVH_HAS(table, kvh_replication, traits), "traits");
    require(KVH_HAS(table, kvh_replication, attach), "attach");
    require(KVH_HAS(table, kvh_replication, propose), "propose");
    require(KVH_HAS(table, kvh_replication, read_barrier), "read_barrier");
  } else {
    report.fail("the kind " + std::string(kind) + " is not known");
  }
}

bool has_foreign_runtime(const kvh_plugin& plugin) {
  for (uint64_t i = 0; i < plugin.component_count; ++i) {
    const auto& row = detail::strided(plugin.components, plugin.component_stride, i);
    if ((row.flags & KVH_COMPONENT_FOREIGN_RUNTIME) != 0) return true;
  }
  return false;
}

}  // namespace

void check_load(const Subject& subject, Report& report) {
  const ProcessFacts before = ProcessFacts::now();
  const auto plugin = testing::load_plugin(subject.file);
  if (!plugin) return report.fail(plugin.error().message());
  if (has_foreign_runtime(**plugin)) return report.skip("it brings a runtime of its own");
  const std::string left = left_behind(before);
  report.expect(left.empty(), "loading alone must start and open nothing: " + left);
}

void check_entry(const Subject& subject, Report& report) {
  void* const library = ::dlopen(subject.file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return report.fail(::dlerror());
  const auto entry = reinterpret_cast<const kvh_plugin* (*)()>(::dlsym(library, KVH_ENTRY_SYMBOL));
  if (entry == nullptr) return report.fail(KVH_ENTRY_SYMBOL "() is not there");
  const EntryTrial trial = try_entry(entry);
  if (!trial.fault.empty()) report.fail(KVH_ENTRY_SYMBOL "() " + trial.fault);
  if (!trial.is_possible) return report.skip("this kernel cannot filter system calls");
  report.expect(entry() == entry(), KVH_ENTRY_SYMBOL "() must give the same answer every time");
}

void check_table(const Subject& subject, Report& report) {
  const auto loaded = testing::load_plugin(subject.file);
  if (!loaded) return report.fail(loaded.error().message());
  const kvh_plugin& plugin = **loaded;
  if (!report.expect(
          KVH_COVERS(&plugin, kvh_plugin, component_stride) && plugin.size <= kLargestTable,
          "the size of kvh_plugin is none")) {
    return;
  }
  report.expect(to_view(plugin.id) == subject.id && to_view(plugin.version) == subject.version,
                "manifest and table name different plugins");
  report.expect(plugin.abi_major == KVH_ABI_MAJOR, "the table is of another ABI");
  report.expect(plugin.component_stride >= plugin.components->size,
                "component_stride is less than a component");
  std::set<std::string> names;
  for (uint64_t i = 0; i < plugin.component_count; ++i) {
    const auto& row = detail::strided(plugin.components, plugin.component_stride, i);
    if (!report.expect(KVH_COVERS(&row, kvh_component, destroy) && row.size <= kLargestTable,
                       "the size of component " + std::to_string(i) + " is none")) {
      return;
    }
    const std::string name(to_view(row.name));
    report.expect(is_name(name), "\"" + name + "\" is no name: a-z, 0-9 and -, at most 64");
    report.expect(names.insert(std::string(to_view(row.kind)) + " " + name).second,
                  name + " is offered twice");
    report.expect(is_plausible(row.doc) && row.doc.size != 0, name + " has no words about itself");
    report.expect(row.create != nullptr && row.destroy != nullptr, name + " lacks create, destroy");
    if (name == subject.name) check_kind_table(row, report);
  }
  report.expect(testing::find_component(&plugin, subject.name) != nullptr,
                "the table has no component " + subject.name);
}

// A newer host hands over structs that are longer than the plugin knows.
void check_sizes(const Subject& subject, Report& report) {
  const kvh_component* const descriptor = load_subject(subject, report);
  if (descriptor == nullptr) return;
  struct NewerHost {
    kvh_host host;
    uint64_t news[8];
  } newer{};
  testing::FakeHost host;
  newer.host = *host.table();
  newer.host.size = sizeof(newer);
  newer.host.abi_minor = KVH_ABI_MINOR + 7;
  for (auto& word : newer.news) word = ~uint64_t{0};
  testing::FakeConfig config(*descriptor, values_for(subject, *descriptor));
  struct NewerConfig {
    kvh_config config;
    uint64_t news[8];
  } newer_config{*config.table(), {}};
  newer_config.config.size = sizeof(newer_config);
  kvh_error error = detail::make_error();
  void* self = nullptr;
  const int32_t code = descriptor->create(&newer.host, &newer_config.config, &self, &error);
  if (code == KVH_OK && report.expect(self != nullptr, "create said ok but made nothing")) {
    descriptor->destroy(self);
  } else {
    report.expect(error.text_size != 0, "create failed without a word of why");
    report.expect(error.text_size <= KVH_ERROR_TEXT_CAPACITY, "text_size is beyond the room");
  }
  for (const auto word : newer.news) {
    report.expect(word == ~uint64_t{0}, "what a newer host has behind kvh_host was written to");
  }
}

}  // namespace kvhost::conformance
