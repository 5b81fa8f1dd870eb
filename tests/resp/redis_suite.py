#!/usr/bin/env python3
"""Redis's own test suite against a node, in the suite's mode for a server that runs already. The suite
is not part of this project: unpack a release of Redis and say where.

  redis_suite.py SUITE_DIRECTORY BUILD_DIRECTORY [--resp3] [--singledb] [--unit unit/…]…

Tests that are known to differ are left out, with the reasons that redis_suite_differences.txt gives;
whatever else fails, fails the run. Needs tclsh, redis-cli and redis-benchmark."""

import argparse
import collections
import os
import re
import shutil
import subprocess
import sys
import tempfile

from resp_pair import Node, WorkFolder

UNITS = ["unit/printver", "unit/auth", "unit/protocol", "unit/keyspace", "unit/scan", "unit/info-command",
         "unit/type/string", "unit/type/incr", "unit/expire", "unit/other", "unit/multi", "unit/quit",
         "unit/slowlog", "unit/introspection", "unit/introspection-2", "unit/limits", "unit/obuf-limits",
         "unit/bitops", "unit/bitfield", "unit/wait", "unit/querybuf", "unit/networking",
         "unit/client-eviction"]
HERE = os.path.dirname(os.path.abspath(__file__))
LINE = re.compile(r"^\[(ok|err|exception|skip|ignore)\]: (.*?)(?: \(\d+ ms\)| in tests/\S+)?$")


def differences():
    """Test name or /pattern → reason. A reason is a line that ends with a colon; names follow it."""
    found, reason = {}, ""
    with open(os.path.join(HERE, "redis_suite_differences.txt")) as text:
        for line in text.read().splitlines():
            if line.endswith(":") and not line.startswith("  "):
                reason = line[:-1]
            elif line.startswith("  "):
                found[line[2:]] = reason
    return found


def prepared(suite, work):
    """A copy of the suite whose programs are those of this machine."""
    copy = os.path.join(work, "suite")
    os.makedirs(os.path.join(copy, "src"))
    for name in ("tests", "utils"):
        shutil.copytree(os.path.join(suite, name), os.path.join(copy, name))
    for program in ("redis-cli", "redis-benchmark", "redis-server"):
        os.symlink(shutil.which(program), os.path.join(copy, "src", program))
    return copy


def run_unit(copy, node, unit, skips, flags):
    command = ["tclsh", "tests/test_helper.tcl", "--host", "127.0.0.1", "--port", str(node.port),
               "--single", unit, "--durable", "--timeout", "120", "--skipfile", skips,
               "--tags", "-needs:repl", *flags]
    done = subprocess.run(command, cwd=copy, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=900)
    said = re.sub(r"\x1b\[[0-9;]*m", "", done.stdout.decode("utf-8", "replace"))
    counts, failed = collections.Counter(), []
    for line in said.split("!!! WARNING")[0].splitlines():
        match = LINE.match(line)
        if not match:
            continue
        counts[match.group(1)] += 1
        if match.group(1) in ("err", "exception"):
            failed.append(match.group(2))
    if "[TIMEOUT]" in said or ("[exception]" in said and not failed):
        failed.append("did not end")
    if failed:
        print(said[-6000:])
    return counts, failed


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("suite")
    parser.add_argument("build")
    parser.add_argument("--resp3", action="store_true")
    parser.add_argument("--singledb", action="store_true")
    parser.add_argument("--unit", action="append")
    arguments = parser.parse_args()
    flags = (["--force-resp3"] if arguments.resp3 else []) + (["--singledb"] if arguments.singledb else [])
    total, failed = collections.Counter(), []
    with WorkFolder() as work, tempfile.NamedTemporaryFile("w", suffix=".skip") as skips:
        skips.write("\n".join(differences()) + "\n")
        skips.flush()
        copy = prepared(arguments.suite, work)
        node = Node(arguments.build, work)
        try:
            for unit in arguments.unit or UNITS:
                counts, wrong = run_unit(copy, node, unit, skips.name, flags)
                total += counts
                failed += ["%s: %s" % (unit, name) for name in wrong]
                print("%-24s ok %4d  differ %3d  not for such servers %3d  FAILED %d"
                      % (unit, counts["ok"], counts["skip"], counts["ignore"], len(wrong)), flush=True)
        finally:
            code = node.stop()
    print("together: ok %d, known to differ %d, not for such servers %d, failed %d"
          % (total["ok"], total["skip"], total["ignore"], len(failed)))
    for name in failed:
        print("FAILED " + name)
    return 1 if failed or code != 0 else 0


if __name__ == "__main__":
    sys.exit(main())
