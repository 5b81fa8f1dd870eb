#!/usr/bin/env bash
# The examples build and pass their tests on the package.   examples.sh PREFIX CXX_COMPILER EXAMPLES_DIR
source "$(dirname "$0")/lib.sh"
build_and_test "$3"
