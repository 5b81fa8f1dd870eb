// The sdk's own: what plugin authors test with is what this project tests with.
#pragma once

#include "kvhost/testing/fake_host.hpp"
