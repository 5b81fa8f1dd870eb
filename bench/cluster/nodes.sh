# Nodes on this machine for the measurements of this folder: sourced, not run.
# Needs $bin (kvhost, kvctl) and $work (a directory); stop_nodes when done.

load=
build_load() {
  load=$work/clusterload
  GO111MODULE=off GOPROXY=off GOPATH=$here:/usr/share/gocode GOCACHE=${GOCACHE:-$work/go-cache} \
    go build -o "$load" clusterload
}

declare -A pids=()
stop_nodes() {
  local n
  for n in "${!pids[@]}"; do kill -9 "${pids[$n]}" 2>/dev/null || true; done
  for n in "${!pids[@]}"; do wait "${pids[$n]}" 2>/dev/null || true; done
  pids=()
}

# kvhost_config STRATEGY N NODES [EXTRA]: the file of node N among nodes 1 to NODES. EXTRA: lines of
# [replication.options].
kvhost_config() {
  local strategy=$1 n=$2 nodes=$3 extra=${4:-} peers= other
  for ((other = 1; other <= nodes; other++)); do
    [[ $other == "$n" ]] || peers+="${peers:+, }{ id = \"node$other\", address = \"127.0.0.1:1710$other\" }"
  done
  echo "[node]
id = \"node$n\"
data_dir = \"data\""
  if [[ $strategy != none ]]; then
    echo "[replication]
plugin = \"$strategy\"
[replication.options]
cluster_id = \"bench\"
listen = \"127.0.0.1:1710$n\"
peers = [ $peers ]
$extra"
    if [[ $strategy == leader-follower ]]; then echo 'leader = "node1"'; fi
  fi
  echo "[[transport]]
plugin = \"tcp\"
[transport.options]
listen = \"127.0.0.1:1720$n\"
[[transport]]
plugin = \"http\"
[transport.options]
listen = \"127.0.0.1:1730$n\"
[metrics]
plugin = \"none\""
}

# start_kvhost_node N: with the file that is there.
start_kvhost_node() {
  "$bin/kvhost" --config "$work/node$1/node.toml" >>"$work/node$1.log" 2>&1 &
  pids[$1]=$!
}

# start_kvhost STRATEGY NODES [EXTRA]: empty nodes, until a put is accepted.
start_kvhost() {
  local n endpoints=
  for ((n = 1; n <= $2; n++)); do
    rm -rf "$work/node$n"
    mkdir -p "$work/node$n"
    kvhost_config "$1" "$n" "$2" "${3:-}" >"$work/node$n/node.toml"
    start_kvhost_node "$n"
    endpoints+="${endpoints:+,}127.0.0.1:1730$n"
  done
  "$load" -target kvhost-http -endpoints "$endpoints" -first >/dev/null
  sleep 2
}

# The number of the node that leads, of those that run.
kvhost_leader() {
  local n
  for n in "${!pids[@]}"; do
    if "$bin/kvctl" --endpoint "127.0.0.1:1720$n" --output json status 2>/dev/null |
      python3 -c 'import json,sys; t=sys.stdin.read(); sys.exit("\"role\":\"leader\"" not in t.replace(" ","").split("\"peers\"")[0])'; then
      echo "$n"
      return
    fi
  done
  echo 1
}
