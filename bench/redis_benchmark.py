#!/usr/bin/env python3
"""redis-benchmark against a node and against redis-server, in turns, so that both meet the same machine.

  redis_benchmark.py BUILD_DIRECTORY [--keys N] [--rounds N] [--seconds S] [--json FILE]     or  scripts/bench --resp

redis-server keeps an append-only file and syncs it every second; the node has wal_sync = "interval". 50 clients,
values of 100 bytes, without pipelining and with 16 commands in a pipeline. The table shows medians of the rounds."""

import argparse
import csv
import io
import json
import os
import statistics
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tests", "resp"))
from resp_pair import Node, RedisServer, WorkFolder  # noqa: E402

TESTS = ("ping", "set", "get", "incr", "mset")
PIPELINES = (1, 16)


def benchmark(port, test, pipeline, requests, keys):
    """Requests per second of each row of redis-benchmark's answer."""
    said = subprocess.run(["redis-benchmark", "-p", str(port), "-t", test, "-c", "50", "-d", "100", "-P",
                           str(pipeline), "-n", str(requests), "-r", str(keys), "--csv"],
                          stdout=subprocess.PIPE, check=True).stdout.decode()
    rows = {}
    for row in csv.reader(io.StringIO(said)):
        if len(row) >= 2 and row[0] != "test":
            rows[row[0].split(" ")[0]] = float(row[1])
    return rows


def measure(servers, arguments, results):
    for pipeline in PIPELINES:
        for test in TESTS:
            for name, port in servers:
                # As many requests as the last time took long enough.
                known = results.get((pipeline, test, name), [])
                speed = known[-1] if known else 20_000 * min(pipeline, 8)
                requests = max(10_000, int(speed * arguments.seconds))
                for row, rate in benchmark(port, test, pipeline, requests, arguments.keys).items():
                    results.setdefault((pipeline, row, name), []).append(rate)
                    results.setdefault((pipeline, test, name), []).append(rate)


def show(results, arguments):
    table = []
    for pipeline, row in sorted({key[:2] for key in results if key[1].isupper()}):
        both = {name: statistics.median(results[(pipeline, row, name)]) for name in ("redis", "kvhost")}
        table.append({"pipeline": pipeline, "test": row, **{n: round(v) for n, v in both.items()},
                      "ratio": round(both["kvhost"] / both["redis"], 2)})
    print("%-4s %-12s %12s %12s %6s" % ("-P", "test", "redis 1/s", "kvhost 1/s", "ratio"))
    for each in table:
        print("%-4d %-12s %12d %12d %6.2f"
              % (each["pipeline"], each["test"], each["redis"], each["kvhost"], each["ratio"]))
    if arguments.json:
        with open(arguments.json, "w") as out:
            json.dump({"keys": arguments.keys, "rounds": arguments.rounds, "rows": table}, out, indent=1)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build")
    parser.add_argument("--keys", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=1.5)
    parser.add_argument("--json")
    arguments = parser.parse_args()
    results = {}
    with WorkFolder() as redis_work, WorkFolder() as node_work:
        redis = RedisServer(redis_work, ("--appendonly", "yes", "--appendfsync", "everysec"))
        node = Node(arguments.build, node_work)
        try:
            servers = (("redis", redis.port), ("kvhost", node.port))
            for _, port in servers:
                benchmark(port, "set", 64, arguments.keys, arguments.keys)
            for _ in range(arguments.rounds):
                measure(servers, arguments, results)
        finally:
            redis.stop()
            node.stop()
    show(results, arguments)
    return 0


if __name__ == "__main__":
    sys.exit(main())
