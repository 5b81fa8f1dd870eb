// The component under check, as the checks get hold of it.
//
// Threads:   one.
#pragma once

#include <optional>

#include "checks.hpp"
#include "kvhost/testing/component.hpp"

namespace kvhost::conformance {

// The component's descriptor in the loaded file; nothing, and a failure told, when it is not there.
const kvh_component* load_subject(const Subject& subject, Report& report);

// The values that a check gives: listen addresses on free ports, words for required options, and
// over them what the author gave.
testing::Values values_for(const Subject& subject, const kvh_component& descriptor);

// Creates the component; a failure is told.
std::optional<testing::Component> create_subject(const Subject& subject,
                                                 const kvh_component& descriptor,
                                                 testing::FakeHost& host, Report& report);

// Calls `visit(option)` for every option of the component, those of nested tables included.
template <typename Visit>
void for_each_option(const kvh_option* first, uint64_t count, uint64_t stride, Visit visit) {
  for (uint64_t i = 0; i < count; ++i) {
    const kvh_option& option = detail::strided(first, stride, i);
    visit(option);
    for_each_option(option.nested, option.nested_count, option.nested_stride, visit);
  }
}

}  // namespace kvhost::conformance
