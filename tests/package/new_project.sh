#!/usr/bin/env bash
# `kvctl plugin new KIND NAME` writes a project that builds and passes its own tests on the package.
#   new_project.sh PREFIX CXX_COMPILER KIND
source "$(dirname "$0")/lib.sh"
kind=$3

cd "$work"
kvctl plugin new "$kind" "my-$kind" >/dev/null
build_and_test "my-$kind"
kvctl plugin schema --toml "$work/build/my-$kind.so" >node.toml
kvhost --config node.toml --check-config || fail "--check-config refuses the sample of plugin schema --toml"
kvctl plugin inspect "$work/build/my-$kind.so" >facts
grep -q 'loadable: true' facts || { cat facts; fail "plugin inspect calls it not loadable"; }
