#!/usr/bin/env bash
# kvbench server against a node on its default ports: the counts are the node's own, the schedule is held,
# and a wrong value is found over every protocol.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
own_network "$@"
start_node
kvbench=$build/bin/kvbench

# operations NAME: what the node has counted
operations() {
  curl -sS --max-time 10 http://localhost:2112/metrics |
    sed -n "s/^kvstore_operations_total{operation=\"$1\"} //p" | tail -n 1
}
# figure NAME: of the only row in $work/result.json
figure() { grep -o "\"$1\":[^,}]*" "$work/result.json" | head -n 1 | cut -d: -f2; }
# as_number TEXT: 1.5E3 is 1500
as_number() { printf '%.0f' "$1"; }

for endpoint in tcp://127.0.0.1:9090 http://127.0.0.1:8080 resp://127.0.0.1:6380; do
  for loop in "--depth 4" "--rate 500 --depth 16"; do
    gets=$(operations get) puts=$(operations put)
    # shellcheck disable=SC2086  # several words
    "$kvbench" server --endpoint "$endpoint" --workload mixed --connections 2 $loop --seconds 1 --keys 500 \
      --json "$work/result.json" >"$work/table" || fail "$endpoint, $loop"
    same "gets over $endpoint, $loop" "$(figure gets)" $(($(operations get) - gets))
    # Loading is 500 puts more.
    same "puts over $endpoint, $loop" "$(figure puts)" $(($(operations put) - puts - 500))
    same "values checked over $endpoint" "$(figure gets)" "$(figure checked)"
    same "refusals over $endpoint" 0 "$(figure refused)"
    if [[ "$loop" == --rate* ]]; then
      grep -q '^open loop, 500/s' "$work/table" || fail "the table does not say that the loop is open"
      # What was not answered is accounted for: nothing is left out.
      same "the schedule over $endpoint" 500 $(($(figure operations) + $(figure unsent)))
    else
      grep -q '^closed loop' "$work/table" || fail "the table does not say that the loop is closed"
      [[ $(figure operations) -ge 20 ]] || fail "$endpoint: only $(figure operations) operations in a second"
    fi
    [[ $(as_number "$(figure p999_us)") -ge $(as_number "$(figure p50_us)") ]] || fail "p99.9 is below p50"
  done
done

# Somebody else writes.
key=$("$kvctl" scan --limit 1 --keys-only | head -n 1)
[[ ${#key} -eq 16 ]] || fail "the first key is '$key'"
"$kvctl" put "$key" 'not what was written'
for endpoint in tcp://127.0.0.1:9090 http://127.0.0.1:8080 resp://127.0.0.1:6380; do
  code=0
  "$kvbench" server --endpoint "$endpoint" --workload get --keys 500 --seconds 5 --loaded >/dev/null \
    2>"$work/error" || code=$?
  same "exit code over $endpoint where a value is wrong" 1 "$code"
  grep -q "$endpoint: the value of key $key is not what was written" "$work/error" ||
    fail "no word of the wrong value over $endpoint: $(cat "$work/error")"
done

# A stock redis-server in turns with the node, where there is one.
if command -v redis-server >/dev/null; then
  redis-server --port 6399 --bind 127.0.0.1 --save '' --appendonly no --dir "$work" >"$work/redis.log" 2>&1 &
  redis=$!
  for _ in $(seq 1 200); do
    if redis-cli -p 6399 ping >/dev/null 2>&1; then break; fi
    sleep 0.05
  done
  code=0
  "$kvbench" server --endpoint resp://127.0.0.1:6380,resp://127.0.0.1:6399 --keys 500 --seconds 0.3 --rounds 2 \
    --json "$work/result.json" >"$work/table" || code=$?
  kill "$redis"
  wait "$redis" || true
  same "exit code beside redis-server" 0 "$code"
  grep -q '"ratio_lo"' "$work/result.json" || fail "no ratio beside redis-server"
fi

# Nobody there.
code=0
"$kvbench" server --endpoint resp://127.0.0.1:1 >/dev/null 2>"$work/error" || code=$?
same "exit code without a server" 1 "$code"
grep -q '^kvbench: resp://127.0.0.1:1: cannot connect: Connection refused; is the server running' "$work/error" ||
  fail "without a server: $(cat "$work/error")"
stop_node 0
echo "kvbench server: done"
