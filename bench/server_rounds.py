#!/usr/bin/env python3
"""kvbench server against a node over RESP, TCP and HTTP and against redis-server, in turns, so that all meet the
same machine.

  server_rounds.py BUILD_DIRECTORY [option of kvbench server]…     or  scripts/bench --server …

redis-server keeps an append-only file and syncs it every second; the node has wal_sync = "interval". Ratios are
those of the node over RESP, the first row, to the others."""

import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tests", "resp"))
from resp_pair import Node, RedisServer, WorkFolder, free_port  # noqa: E402


def transport(plugin, port):
    return ['[[transport]]', 'plugin = "%s"' % plugin, "[transport.options]",
            'listen = "127.0.0.1:%d"' % port]


def main():
    build, options = os.path.abspath(sys.argv[1]), sys.argv[2:]
    tcp, http = free_port(), free_port()
    with WorkFolder() as redis_work, WorkFolder() as node_work:
        redis = RedisServer(redis_work, ("--appendonly", "yes", "--appendfsync", "everysec"))
        try:
            node = Node(build, node_work, transport("tcp", tcp) + transport("http", http))
            try:
                endpoints = ["resp://127.0.0.1:%d" % node.port, "resp://127.0.0.1:%d" % redis.port,
                             "tcp://127.0.0.1:%d" % tcp, "http://127.0.0.1:%d" % http]
                print("resp://…:%d is the node, resp://…:%d is redis-server" % (node.port, redis.port), flush=True)
                return subprocess.run([os.path.join(build, "bin", "kvbench"), "server",
                                       "--endpoint", ",".join(endpoints), *options]).returncode
            finally:
                node.stop()
        finally:
            redis.stop()


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    sys.exit(main())
