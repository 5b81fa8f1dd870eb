#!/usr/bin/env bash
# For each thing that a plugin must not do, a plugin that does it, and the check that says so.
#   unfit.sh PREFIX CXX_COMPILER SOURCE
source "$(dirname "$0")/lib.sh"
source=$3

# expect FAULT CHECK WORDS
expect() {
  build_plugin "$source" "$work/$1.so" "$compiler" -D"$1" -pthread
  if kvctl plugin validate "$work/$1.so" --check "$2" --junit "$work/$1.xml" >"$work/out" 2>&1; then
    cat "$work/out"
    fail "$1 passes the check $2"
  fi
  grep -q "$3" "$work/out" || { cat "$work/out"; fail "$1: nothing is said of '$3'"; }
  grep -q '<failure message=' "$work/$1.xml" || fail "$1: the JUnit file tells of no failure"
  echo "$1: found by $2"
}

expect STARTS_WHEN_LOADED load 'threads are left'
expect READS_IN_ENTRY entry 'system call'
expect LIES_ABOUT_SIZE table 'size'
expect BAD_DEFAULT options 'none of the choices'
expect CRASHES create 'signal'
expect LEAKS_FILES create 'left open'
expect SILENT services 'without a word'
expect TAKES_BUSY legal-jobs 'running job'
expect PASSES_OLDER legal-jobs 'would pass'
expect MOODY same-plan 'for the same tree'
expect NEVER_RESTS converges 'without a write'
expect IGNORES_STRIDES newer-tree 'stride'

# A strategy of which each node goes its own way: nodes that do not agree are found.
source=$(dirname "$source")/unfit_strategy.cpp
expect LONELY partition 'was acknowledged and is applied 0 times'
expect HASTY partition 'was refused as not executed, and is applied'
source=$3

# Who ends kvctl ends the check that it runs: a plugin that hangs is not left behind.
build_plugin "$source" "$work/HANGS.so" "$compiler" -DHANGS -pthread
kvctl plugin validate "$work/HANGS.so" --check create >"$work/out" 2>&1 &
validator=$!
check=""
for _ in $(seq 100); do
  check=$(pgrep -P "$validator" || true)
  [[ -n $check ]] && break
  sleep 0.1
done
[[ -n $check ]] || fail "HANGS: the check has not begun"
kill -TERM "$validator"
wait "$validator" || true
for _ in $(seq 50); do
  [[ -e /proc/$check ]] || break
  sleep 0.1
done
if [[ -e /proc/$check ]]; then
  kill -9 "$check"
  fail "HANGS: the check outlives kvctl"
fi
echo "HANGS: ends with kvctl"
