#include "subject.hpp"

#include <string>

namespace kvhost::conformance {

using detail::to_view;

const kvh_component* load_subject(const Subject& subject, Report& report) {
  const auto plugin = testing::load_plugin(subject.file);
  if (!plugin) {
    report.fail(plugin.error().message());
    return nullptr;
  }
  const kvh_component* const found = testing::find_component(*plugin, subject.name);
  if (found == nullptr) report.fail("the table has no component " + subject.name);
  return found;
}

testing::Values values_for(const Subject& subject, const kvh_component& descriptor) {
  testing::Values values;
  for (uint64_t i = 0; i < descriptor.option_count; ++i) {
    const auto& option = detail::strided(descriptor.options, descriptor.option_stride, i);
    const std::string path(to_view(option.path));
    if (option.type == KVH_OPTION_ADDRESS && path.ends_with("listen")) {
      values[path] = "127.0.0.1:0";
    } else if ((option.flags & KVH_OPTION_REQUIRED) != 0 && option.type == KVH_OPTION_STRING) {
      values[path] = "conformance";
    }
  }
  for (const auto& [path, text] : subject.options) values[path] = text;
  return values;
}

std::optional<testing::Component> create_subject(const Subject& subject,
                                                 const kvh_component& descriptor,
                                                 testing::FakeHost& host, Report& report) {
  auto made = testing::Component::create(descriptor, host, values_for(subject, descriptor));
  if (made) return std::move(*made);
  report.fail("create failed: " + made.error().to_string() +
              ". Give what it needs by --options FILE");
  return std::nullopt;
}

}  // namespace kvhost::conformance
