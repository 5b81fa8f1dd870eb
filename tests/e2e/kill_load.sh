#!/usr/bin/env bash
# Loads keys over TCP, kills the node with SIGKILL in the middle, starts it again: every acknowledged
# key must be there.   kill_load.sh BUILD_DIR [KEYS]
keys=${2:-100000}
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
own_network "$@"
start_node

acknowledged=$work/acknowledged
"$build/tests/kvhost_loader" load 127.0.0.1:9090 "$keys" "$acknowledged" &
loader=$!
# The kill comes when a good part is acknowledged.
for _ in $(seq 1 2400); do
  count=$(stat -c %s "$acknowledged" 2>/dev/null || echo 0)
  [[ $((count / 8)) -ge $((keys / 2)) ]] && break
  sleep 0.05
done
kill -9 "$node_pid"
wait "$node_pid" 2>/dev/null || true
node_pid=
wait "$loader" || true
count=$(($(stat -c %s "$acknowledged") / 8))
[[ $count -ge $((keys / 2)) ]] || fail "only $count keys were acknowledged before the kill"
[[ $count -lt $keys ]] || echo "note: the load was over before the kill" >&2

start_node
"$build/tests/kvhost_loader" verify 127.0.0.1:9090 "$keys" "$acknowledged"
stop_node 0
echo "kill during load: $count acknowledged of $keys, all there"
