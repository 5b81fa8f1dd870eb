#!/usr/bin/env bash
# A plugin author's first hour, on the installed package and nothing else: install, `kvctl plugin new`,
# configure, build, test, inspect, and a node that loads it.   first_hour.sh BUILD_DIR CXX_COMPILER
set -euo pipefail
build=$1
compiler=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() {
  echo "FAILED: $*" >&2
  exit 1
}

cmake --install "$build" --prefix "$work/prefix" >/dev/null
export PATH=$work/prefix/bin:$PATH
cd "$work"
kvctl plugin new compaction mine
cmake -S mine -B mine/build -DCMAKE_PREFIX_PATH="$work/prefix" -DCMAKE_CXX_COMPILER="$compiler" >/dev/null
cmake --build mine/build >/dev/null
ctest --test-dir mine/build --output-on-failure >/dev/null
kvctl plugin inspect mine/build/mine.so
exported=$(nm -D --defined-only mine/build/mine.so | awk '{print $3}')
[[ "$exported" == kvhost_plugin_v1 ]] || fail "exports $exported"

cat >node.toml <<TOML
[node]
data_dir = "data"
plugin_path = ["mine/build"]
[compaction]
plugin = "mine"
TOML
kvhost --config node.toml --check-config
kvhost --config node.toml --list-plugins | grep -q mine || fail "the catalogue does not show the new plugin"
echo "first hour: done"
