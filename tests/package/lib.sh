# Shared by the tests of the package: sourced, not run.
#   $1 the prefix that kvhost is installed in   $2 the C++ compiler
set -euo pipefail

prefix=$1
compiler=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export PATH=$prefix/bin:$PATH

fail() {
  echo "FAILED: $*" >&2
  exit 1
}

# build_only SOURCE_DIR: configures against the prefix and builds, into $work/build
build_only() {
  cmake -S "$1" -B "$work/build" -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_CXX_COMPILER="$compiler" \
    -DCMAKE_BUILD_TYPE=Debug >"$work/log" 2>&1 || { cat "$work/log" >&2; fail "cannot be configured"; }
  cmake --build "$work/build" >"$work/log" 2>&1 || { cat "$work/log" >&2; fail "cannot be built"; }
}
# build_and_test SOURCE_DIR: and runs its ctest
build_and_test() {
  build_only "$1"
  ctest --test-dir "$work/build" --output-on-failure
}

# build_plugin SOURCE OUTPUT COMMAND…: one file by the compiler's command, linked as kvhost_add_plugin does
build_plugin() {
  local source=$1 output=$2
  shift 2
  "$@" -std=c++20 -fPIC -shared -fvisibility=hidden -I"$prefix/include" \
    -Wl,--version-script="$(find "$prefix" -name plugin.version)" \
    -Wl,-z,defs -Wl,-z,now "$source" -o "$output"
}
