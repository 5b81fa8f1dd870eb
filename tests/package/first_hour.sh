#!/usr/bin/env bash
# The transcript of docs/PLUGINS.md, as it stands, in an empty home directory and a network of its own
# (it uses the default ports).   first_hour.sh PREFIX CXX_COMPILER BUILD_DIR PLUGINS.md
if [[ -z "${KVHOST_OWN_NETWORK:-}" ]]; then
  if unshare --net true 2>/dev/null; then
    KVHOST_OWN_NETWORK=1 exec unshare --net -- "$0" "$@"
  elif unshare --user --map-root-user --net true 2>/dev/null; then
    KVHOST_OWN_NETWORK=1 exec unshare --user --map-root-user --net -- "$0" "$@"
  fi
  echo "note: no network of its own to be had; the default ports must be free" >&2
else
  ip link set lo up
fi
source "$(dirname "$0")/lib.sh"
build=$3
page=$4

export HOME=$work CXX=$compiler
mkdir -p "$work/build"
ln -s "$build" "$work/build/release"
awk '/<!-- first hour -->/ { wanted = 1; next } wanted && /^```/ { if (inside) exit; inside = 1; next } inside' \
  "$page" >"$work/transcript.sh"
grep -q 'kvctl plugin new' "$work/transcript.sh" || fail "$page has no transcript"
# The reader would press Ctrl-C.
cat >>"$work/transcript.sh" <<'END'
kill -TERM $!
wait $!
END
cd "$work"
timeout 800 bash -euo pipefail transcript.sh >"$work/out" 2>"$work/err" || {
  cat "$work/out" "$work/err" >&2
  fail "the transcript ended with $?"
}
grep -q 'checks passed' "$work/out" || fail "nothing was validated"
[[ $(tail -n 1 "$work/out") == red ]] || fail "the last line is $(tail -n 1 "$work/out")"
grep -q 'mine' "$work/err" || fail "the node's log does not tell of the policy"
echo "first hour: done"
