// A component's options and its life, again and again.
#include <algorithm>
#include <string>

#include "host_pump.hpp"
#include "kvhost/testing/fake_state_machine.hpp"
#include "kvhost/testing/fake_store.hpp"
#include "process_facts.hpp"
#include "subject.hpp"
#include "table_checks.hpp"

namespace kvhost::conformance {
namespace {

using detail::to_view;

constexpr int kCycles = 1000;
constexpr int kLeastCycles = 20;
constexpr auto kCyclesEnd = std::chrono::seconds(20);

bool is_number_like(uint32_t type) {
  return type == KVH_OPTION_INTEGER || type == KVH_OPTION_NUMBER || type == KVH_OPTION_SIZE ||
         type == KVH_OPTION_DURATION;
}

void check_choices(const kvh_option& option, const std::string& name, Report& report) {
  if (!report.expect(option.choice_count != 0 && option.choices != nullptr,
                     name + " is a choice of nothing")) {
    return;
  }
  bool has_default = option.default_value.size == 0;
  for (uint64_t i = 0; i < option.choice_count; ++i) {
    has_default = has_default || to_view(option.choices[i]) == to_view(option.default_value);
  }
  report.expect(has_default, name + ": the default is none of the choices");
}

void check_option(const kvh_option& option, Report& report) {
  const std::string name = "option \"" + std::string(to_view(option.path)) + "\"";
  report.expect(KVH_COVERS(&option, kvh_option, nested_stride), name + " has a size that is none");
  report.expect(option.path.size != 0, "an option has no path");
  report.expect(option.type >= KVH_OPTION_BOOLEAN && option.type <= KVH_OPTION_PATH,
                name + " has an unknown type");
  report.expect(option.doc.size != 0 || option.type == KVH_OPTION_TABLES,
                name + " has no words about itself");
  const bool is_required = (option.flags & KVH_OPTION_REQUIRED) != 0;
  report.expect(!is_required || option.default_value.size == 0,
                name + " is required and has a default");
  report.expect(is_number_like(option.type) || (option.min.size == 0 && option.max.size == 0),
                name + " has bounds, but is no number");
  if (is_number_like(option.type)) {
    report.expect(is_required || option.default_value.size != 0, name + " has no default");
  }
  if (option.type == KVH_OPTION_CHOICE) check_choices(option, name, report);
  report.expect((option.type == KVH_OPTION_TABLES) == (option.nested_count != 0),
                name + ": members belong to tables, and tables have members");
}

// Cycles until kCycles or the time is up; the number made.
template <typename Cycle>
int repeat(Cycle cycle) {
  const auto end = std::chrono::steady_clock::now() + kCyclesEnd;
  int made = 0;
  while (made < kCycles) {
    if (!cycle()) break;
    ++made;
    if (made >= kLeastCycles && std::chrono::steady_clock::now() >= end) break;
  }
  return made;
}

bool is_foreign(const kvh_component& descriptor) {
  return (descriptor.flags & KVH_COMPONENT_FOREIGN_RUNTIME) != 0;
}

void expect_nothing_left(const kvh_component& descriptor, const ProcessFacts& before,
                         Report& report) {
  if (is_foreign(descriptor))
    return report.note("brings a runtime of its own: leaks not looked at");
  const std::string left = left_behind(before);
  report.expect(left.empty(), "after destroy " + left);
}

// Start and the kind's own attach, as the host does.
Status start_all(testing::Component& component, const testing::FakeMetrics& metrics,
                 const testing::FakeStateMachine& machine) {
  const auto& descriptor = component.descriptor();
  KVHOST_TRY(component.start());
  kvh_error error = detail::make_error();
  if (to_view(descriptor.kind) == KVH_KIND_EXPORTER) {
    const auto* table = component.table<kvh_exporter>();
    return detail::read_status(table->attach(component.self(), metrics.registry(), &error), &error);
  }
  if (to_view(descriptor.kind) == KVH_KIND_REPLICATION) {
    const auto* table = component.table<kvh_replication>();
    return detail::read_status(table->attach(component.self(), machine.table(), &error), &error);
  }
  return {};
}

}  // namespace

void check_options(const Subject& subject, Report& report) {
  const kvh_component* const descriptor = load_subject(subject, report);
  if (descriptor == nullptr) return;
  if (descriptor->option_count == 0) return;
  report.expect(descriptor->option_stride >= sizeof(uint32_t) * 4, "option_stride is none");
  int count = 0;
  for_each_option(descriptor->options, descriptor->option_count, descriptor->option_stride,
                  [&](const kvh_option& option) {
                    check_option(option, report);
                    ++count;
                  });
  report.note(std::to_string(count) + " options");
}

void check_unknown_services(const Subject& subject, Report& report) {
  const kvh_component* const descriptor = load_subject(subject, report);
  if (descriptor == nullptr) return;
  static int asked = 0;
  const kvh_host bare{sizeof(kvh_host),
                      KVH_ABI_MAJOR,
                      KVH_ABI_MINOR,
                      0,
                      nullptr,
                      [](void*, const char* id) noexcept -> const void* {
                        asked += id != nullptr ? 1 : 0;
                        return nullptr;
                      }};
  testing::FakeConfig config(*descriptor, values_for(subject, *descriptor));
  kvh_error error = detail::make_error();
  void* self = nullptr;
  const int32_t code = descriptor->create(&bare, config.table(), &self, &error);
  if (code == KVH_OK) {
    if (report.expect(self != nullptr, "create said ok but made nothing"))
      descriptor->destroy(self);
    return report.note("does without any service");
  }
  report.expect(error.text_size != 0, "create failed without a word of why");
  report.note("create refuses: " + detail::read_status(code, &error).message());
}

void check_create_destroy(const Subject& subject, Report& report) {
  const kvh_component* const descriptor = load_subject(subject, report);
  if (descriptor == nullptr) return;
  testing::FakeStore store;
  testing::FakeHost host(store.table());
  if (!create_subject(subject, *descriptor, host, report)) return;
  const ProcessFacts before = ProcessFacts::now();
  const int made =
      repeat([&] { return create_subject(subject, *descriptor, host, report).has_value(); });
  report.note(std::to_string(made) + " times");
  expect_nothing_left(*descriptor, before, report);
}

void check_start_stop(const Subject& subject, Report& report) {
  const kvh_component* const descriptor = load_subject(subject, report);
  if (descriptor == nullptr) return;
  testing::FakeStore store;
  ProcessFacts before;
  int made = 0;
  const auto cycle = [&] {
    testing::FakeHost host(store.table());
    testing::FakeStateMachine machine;
    const HostPump pump(host);
    auto component = create_subject(subject, *descriptor, host, report);
    if (!component) return false;
    const Status started = start_all(*component, host.metrics(), machine);
    if (!started.is_ok()) report.fail("start failed: " + started.to_string());
    component->stop();
    return started.is_ok();
  };
  // What a library keeps for ever it has after the first time.
  if (!cycle()) return;
  before = ProcessFacts::now();
  made = repeat(cycle);
  report.note(std::to_string(made) + " times");
  expect_nothing_left(*descriptor, before, report);
}

}  // namespace kvhost::conformance
