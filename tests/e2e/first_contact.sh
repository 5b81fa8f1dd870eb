#!/usr/bin/env bash
# The lines that every user tries first, against a node on its embedded default.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
own_network "$@"
start_node

curl() { command curl -sS --max-time 10 "$@"; }

# HTTP, as the original's documentation has it.
answer=$(curl -X PUT http://localhost:8080/user123 -d '{"value": "Saurab", "ttl": 3600}')
[[ "$answer" == *'"key":"user123"'* && "$answer" == *'"version":'* ]] || fail "put answered $answer"
answer=$(curl http://localhost:8080/user123)
[[ "$answer" == *'"value":"Saurab"'* && "$answer" == *'"ttl":'* ]] || fail "get answered $answer"
answer=$(curl -X DELETE http://localhost:8080/user123)
[[ "$answer" == *'"deleted":true'* ]] || fail "delete answered $answer"
same "status of an absent key" 404 "$(curl -o /dev/null -w '%{http_code}' http://localhost:8080/user123)"

# kvctl.
"$kvctl" put mykey myvalue
same "kvctl get" myvalue "$("$kvctl" get mykey)"
"$kvctl" delete mykey
code=0
"$kvctl" get mykey 2>/dev/null || code=$?
same "exit code of kvctl get on an absent key" 3 "$code"

# The protocols share one key space.
"$kvctl" put shared 'over tcp'
answer=$(curl http://localhost:8080/shared)
[[ "$answer" == *'"value":"over tcp"'* ]] || fail "get of a key put over TCP answered $answer"
same "get over RESP" 'over tcp' "$(redis-cli -p 6380 get shared)"
same "the counter" 5 "$("$kvctl" incr visits 5)"

# The original's metrics.
metrics=$(curl http://localhost:2112/metrics)
for name in kvstore_memtable_size_bytes kvstore_sstable_count 'kvstore_operations_total{operation="put"}' \
  'kvstore_operations_total{operation="get"}' 'kvstore_operations_total{operation="delete"}'; do
  [[ "$metrics" == *"$name"* ]] || fail "/metrics lacks $name"
done

# A flush, a restart, and everything is still there.
"$kvctl" flush
same "kvctl health" 0 "$("$kvctl" health >/dev/null && echo 0)"
"$kvctl" status >/dev/null
"$kvctl" lsm >/dev/null
stop_node 0
start_node
same "after a restart" 'over tcp' "$("$kvctl" get shared)"
stop_node 0
echo "first contact: done"
