#!/usr/bin/env bash
# One plugin built by g++, by clang++ with libc++, and with libstdc++ linked in: all are loaded and
# validated by one host.   compilers.sh PREFIX CXX_COMPILER SOURCE
source "$(dirname "$0")/lib.sh"
source=$3

try() {
  local name=$1
  shift
  build_plugin "$source" "$work/$name.so" "$@" -pthread
  kvctl plugin validate "$work/$name.so" >"$work/out" || { cat "$work/out"; fail "$name is not fit"; }
  echo "$name: $(tail -n 1 "$work/out")"
}

try plain "$compiler"
if echo 'int main() {}' | g++ -x c++ -static-libstdc++ - -o "$work/probe" 2>/dev/null; then
  try static-libstdcxx g++ -static-libstdc++ -static-libgcc
fi
if echo '#include <vector>' | clang++ -std=c++20 -stdlib=libc++ -fsyntax-only -x c++ - 2>/dev/null; then
  try libcxx clang++ -stdlib=libc++
else
  echo "clang++ with libc++ is not here"
fi
