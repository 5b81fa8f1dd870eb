// Checks of every kind: the file, its table, its options and the component's life.
//
// Threads:   as checks.hpp.
#pragma once

#include "checks.hpp"

namespace kvhost::conformance {

void check_load(const Subject&, Report&);
void check_entry(const Subject&, Report&);
void check_table(const Subject&, Report&);
void check_options(const Subject&, Report&);
void check_unknown_services(const Subject&, Report&);
void check_sizes(const Subject&, Report&);
void check_create_destroy(const Subject&, Report&);
void check_start_stop(const Subject&, Report&);

}  // namespace kvhost::conformance
