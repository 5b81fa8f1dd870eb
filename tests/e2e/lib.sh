# Shared by the end-to-end tests: sourced, not run. They drive the built programs as a user would.
#   $1 of every test: the build directory
set -euo pipefail

build=$1
kvhost=$build/bin/kvhost
kvctl=$build/bin/kvctl
work=$(mktemp -d)
node_pid=

finish() {
  local code=$?
  if [[ -n "$node_pid" ]]; then kill -9 "$node_pid" 2>/dev/null || true; fi
  if [[ $code -ne 0 && -f "$work/log" ]]; then
    echo "--- the node's log" >&2
    tail -n 40 "$work/log" >&2
  fi
  rm -rf "$work"
}
trap finish EXIT

fail() {
  echo "FAILED: $*" >&2
  exit 1
}

# same WHAT EXPECTED ACTUAL
same() {
  [[ "$2" == "$3" ]] || fail "$1: expected '$2', found '$3'"
}

# The contract's own lines use the default ports, so the test takes a network of its own where it may.
own_network() {
  if [[ -z "${KVHOST_E2E_NETWORK:-}" ]]; then
    if unshare --net true 2>/dev/null; then
      KVHOST_E2E_NETWORK=own exec unshare --net -- "$0" "$@"
    elif unshare --user --map-root-user --net true 2>/dev/null; then
      KVHOST_E2E_NETWORK=own exec unshare --user --map-root-user --net -- "$0" "$@"
    fi
    echo "note: no network of its own to be had; the default ports must be free" >&2
  else
    ip link set lo up
  fi
}

# start_node [argument…]: waits until it is ready on the default ports.
start_node() {
  (cd "$work" && exec "$kvhost" "$@" >>"$work/out" 2>>"$work/log") &
  node_pid=$!
  for _ in $(seq 1 600); do
    if curl -fs -o /dev/null http://127.0.0.1:8080/v1/ready; then return 0; fi
    kill -0 "$node_pid" 2>/dev/null || fail "the node stopped while it was starting"
    sleep 0.05
  done
  fail "the node was not ready within 30 s"
}

# stop_node EXPECTED_CODE
stop_node() {
  kill -TERM "$node_pid"
  local code=0
  wait "$node_pid" || code=$?
  node_pid=
  same "exit code after SIGTERM" "$1" "$code"
}
