#!/usr/bin/env bash
# Plugins of every kind, in C++ and in C, written from docs/PLUGINS.md and the package alone: they build,
# stand what `kvctl plugin validate` asks, and work in nodes, whatever compiler made them.
#   outsider.sh PREFIX CXX_COMPILER OUTSIDER_DIR BUILD
# BUILD: g++ (with all checks), c (with all checks), libc++, static-libstdc++
source "$(dirname "$0")/lib.sh"
outsider=$3
how=$4

case $how in
  g++)
    build_and_test "$outsider/cxx"
    ;;
  c)
    build_and_test "$outsider/c"
    ;;
  libc++)
    if ! echo '#include <vector>' | clang++ -std=c++20 -stdlib=libc++ -fsyntax-only -x c++ - 2>/dev/null; then
      echo "skipped: clang++ with libc++ is not here"
      exit 0
    fi
    CXXFLAGS=-stdlib=libc++ compiler=clang++ build_only "$outsider/cxx"
    ;;
  static-libstdc++)
    LDFLAGS="-static-libstdc++ -static-libgcc" compiler=g++ build_only "$outsider/cxx"
    ;;
  *) fail "there is no build $how" ;;
esac

# start_node NAME PORTLESS_TOML: a node on free ports; its addresses in $work/NAME.log
start_node() {
  printf '%s\n' "$2" >"$work/$1.toml"
  kvhost --config "$work/$1.toml" --check-config >/dev/null
  kvhost --config "$work/$1.toml" >"$work/$1.log" 2>&1 &
  nodes+=($!)
  for _ in $(seq 300); do
    grep -q '^ready' "$work/$1.log" && return
    sleep 0.1
  done
  cat "$work/$1.log" >&2
  fail "$1 does not become ready"
}
stop_nodes() {
  local node
  for node in "${nodes[@]}"; do kill -TERM "$node"; done
  for node in "${nodes[@]}"; do wait "$node" || fail "a node ended with $?"; done
  nodes=()
}
nodes=()
trap 'kill -9 "${nodes[@]}" 2>/dev/null || true; rm -rf "$work"' EXIT

# address NODE COMPONENT
address() { sed -n "s/^$2 listens on //p" "$work/$1.log"; }
# ask ADDRESS LINE…: what the peer answers until it has been silent for a while
ask() {
  local to=$1
  shift
  exec 3<>"/dev/tcp/${to%:*}/${to##*:}"
  printf '%b' "$*" >&3
  timeout 2 cat <&3 || true
  exec 3>&-
}
expect() {
  [[ $2 == "$3" ]] || fail "$1: expected '$3', found '$2'"
  echo "$1: as expected"
}

common="node.plugin_path = [\"$work/build\"]
engine.memory = \"64MiB\"
engine.memtable_size = \"1MiB\"
[[transport]]
plugin = \"tcp\"
options.listen = \"127.0.0.1:0\""

if [[ $how == c ]]; then
  start_node one "node.data_dir = \"$work/one\"
compaction.plugin = \"c-youngest\"
replication.plugin = \"c-queue\"
metrics.plugin = \"c-names\"
metrics.options.every = \"100ms\"
$common
[[transport]]
plugin = \"c-echo\"
options.listen = \"127.0.0.1:0\""
  export KVCTL_ENDPOINT=$(address one tcp)
  kvctl put apple red >/dev/null
  for i in $(seq 12); do
    kvctl put "key$i" "$i" >/dev/null
    kvctl flush >/dev/null
  done
  kvctl compact >/dev/null || true
  expect "the echo" "$(ask "$(address one c-echo)" 'apple\nnone\n')" $'red\n-'
  expect "a scan" "$(kvctl scan --keys-only | wc -l)" 13
  grep -q 'c-names.* families' "$work/one.log" || fail "the exporter has counted nothing"
  kvctl --output json status | grep -q '"compaction_policy":"c-youngest"' || fail "another policy is at work"
  stop_nodes
  exit 0
fi

start_node one "node.data_dir = \"$work/one\"
compaction.plugin = \"even-runs\"
compaction.options = { keep = 3, small = \"32KiB\", order = \"old\" }
replication.plugin = \"primary-backup\"
metrics.plugin = \"json-page\"
metrics.options = { listen = \"127.0.0.1:0\", hide = [\"kvhost_process\"] }
$common
[[transport]]
plugin = \"tab-lines\"
options = { listen = \"127.0.0.1:0\", idle = \"1s\" }"
export KVCTL_ENDPOINT=$(address one tcp)
lines=$(address one tab-lines)
expect "a conversation" \
  "$(ask "$lines" 'put\tapple\tred\nget\tapple\nput\tplum\tblue\t60\nscan\t\ndelete\tapple\ndelete\tapple\nget\tapple\nnonsense\nquit\n' |
    sed 's/stored.*/stored/')" \
  $'stored\nvalue\tred\nstored\nrow\tapple\tred\nrow\tplum\tblue\nend\ndeleted\nabsent\nabsent\nerror\tunknown-route\tget, put, delete, scan, quit'
for i in $(seq 10); do
  kvctl put "key$i" "$i" >/dev/null
  kvctl flush >/dev/null
done
for _ in $(seq 100); do
  [[ $(kvctl --output json status | grep -o '"files":[0-9]*' | head -n 20 | wc -l) -le 4 ]] && break
  sleep 0.1
done
expect "a scan" "$(kvctl scan --keys-only | wc -l)" 11
ask "$(address one json-page)" '' >"$work/page"
grep -q '"kvstore_operations_total":\[{"operation"' "$work/page" || fail "the page lacks the operations"
grep -q 'kvhost_even_runs_decisions_total":\[{"value":[1-9]' "$work/page" || fail "the policy decided nothing"
grep -q kvhost_process "$work/page" && fail "the page shows what is hidden"
kvctl compaction use leveled >/dev/null
kvctl compaction use even-runs >/dev/null
stop_nodes
start_node one "$(cat "$work/one.toml")"
expect "a key after a restart" "$(KVCTL_ENDPOINT=$(address one tcp) kvctl get plum)" blue
stop_nodes

# Three nodes: one backup away, then both.
ports=($(shuf -i 20000-32000 -n 3))
cluster_node() {
  local peers="" p
  for p in 1 2 3; do
    [[ $p == "$1" ]] || peers+="{ id = \"node$p\", address = \"127.0.0.1:${ports[$((p - 1))]}\" }, "
  done
  start_node "node$1" "node.id = \"node$1\"
node.data_dir = \"$work/node$1\"
node.request_timeout = \"2s\"
replication.plugin = \"primary-backup\"
metrics.options.listen = \"127.0.0.1:0\"
replication.options = { listen = \"127.0.0.1:${ports[$(($1 - 1))]}\", peers = [ ${peers%, } ] }
$common"
}
kill_node() {  # the newest that was started
  kill -9 "${nodes[-1]}"
  wait "${nodes[-1]}" 2>/dev/null || true
  unset 'nodes[-1]'
}
cluster_node 1
cluster_node 2
cluster_node 3
primary=$(address node1 tcp)
export KVCTL_ENDPOINT=$primary
kvctl put a 1 >/dev/null || fail "three nodes take no write"
kill_node
kvctl put b 2 >/dev/null || fail "two of three nodes take no write"
kill_node
code=0
kvctl --timeout 2s put c 3 >/dev/null 2>&1 || code=$?
expect "the exit code of a write without a majority" "$code" 4
cluster_node 3
sleep 1
kvctl put d 4 >/dev/null || fail "a node that came back does not help"
code=0
KVCTL_ENDPOINT=$(address node3 tcp) kvctl put e 5 >/dev/null 2>&1 || code=$?
expect "the exit code of a write to a backup" "$code" 7
code=0
kvctl --endpoint "$primary,$(address node3 tcp)" cluster check >"$work/out" 2>&1 || code=$?
[[ $code == 0 ]] || { cat "$work/out"; fail "the nodes differ"; }
stop_nodes
echo "$how: done"
