// Where the tests find what they read: paths of this checkout and of its build.
//
// Compiled into one object, and not given to every file as a macro: a compiler's cache would know
// no test of another checkout.
//
// Threads:   any.
#pragma once

#include <string>

namespace kvhost::testing {

// The folder of the checkout, without a slash at its end.
std::string source_dir();
// Its tests/data.
std::string test_data();
// The folder of the build: bin/, lib/kvhost/plugins/, tests/.
std::string binary_dir();

}  // namespace kvhost::testing
