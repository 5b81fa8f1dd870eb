# Shared by the scripts: sourced, not run.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
jobs=$(nproc)

# Cached objects are good in every checkout and build directory.
export CCACHE_BASEDIR="$root"
export CCACHE_NOHASHDIR=1
export CCACHE_SLOPPINESS=pch_defines,time_macros

# build PRESET [target…]
build() {
  local preset=$1
  shift
  cmake --preset "$preset" -S "$root" >"/tmp/kvhost-configure.$$" 2>&1 || {
    cat "/tmp/kvhost-configure.$$" >&2
    rm -f "/tmp/kvhost-configure.$$"
    return 1
  }
  rm -f "/tmp/kvhost-configure.$$"
  cmake --build "$root/build/$preset" -j "$jobs" ${@:+--target "$@"}
}
