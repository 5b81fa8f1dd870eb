#!/usr/bin/env python3
"""Clients that are idle, slow, half-done or wrong: the node's memory stays bounded, and a client that behaves is
served meanwhile.

  hostile.py BUILD_DIRECTORY [--idle N]"""

import argparse
import os
import resource
import socket
import sys
import threading
import time

from resp_pair import Node, Peer, WorkFolder

MIB = 1 << 20
# What a busy machine may make of a PING.
PATIENCE_S = 10


def memory_factor(build):
    """What a sanitizer's margins and shadows make of each byte of the node."""
    with open(os.path.join(build, "bin", "kvhost"), "rb") as program:
        text = program.read()
    return 5 if b"__asan_init" in text or b"__tsan_init" in text else 1


def resident(node):
    with open("/proc/%d/status" % node.process.pid) as text:
        for line in text:
            if line.startswith("VmRSS:"):
                return (int(line.split()[1]) << 10) // node.memory_factor
    raise AssertionError("the node is gone")


def check(what, holds, seen=""):
    if not holds:
        raise AssertionError("%s does not hold: %s" % (what, seen))


class Bystander:
    """Asks all the time, and remembers the longest that an answer took."""

    def __init__(self, node):
        self.peer = Peer(node.port)
        self.longest, self.answers, self.wrong = 0.0, 0, None
        self.is_over = threading.Event()
        self.thread = threading.Thread(target=self.run)

    def run(self):
        try:
            while not self.is_over.is_set():
                began = time.monotonic()
                text = b"v%d" % self.answers
                pair = self.peer.ask("SET", "bystander", text), self.peer.ask("GET", "bystander")
                if pair != (b"+OK\r\n", b"$%d\r\n%s\r\n" % (len(text), text)):
                    raise AssertionError("a bystander was told %r" % (pair,))
                self.longest = max(self.longest, time.monotonic() - began)
                self.answers += 1
                time.sleep(0.002)
        except Exception as error:  # told by the main thread
            self.wrong = error

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, kind, *_):
        self.is_over.set()
        self.thread.join()
        self.peer.close()
        if kind is None:
            check("a bystander is served", self.wrong is None and self.answers > 0, self.wrong)
            check("a bystander waits less than %d s" % PATIENCE_S, self.longest < PATIENCE_S, self.longest)


def idle(node, count):
    before = resident(node)
    peers = [socket.create_connection(("127.0.0.1", node.port)) for _ in range(count)]
    for peer in peers[:: max(1, count // 100)]:
        peer.sendall(b"PING\r\n")
        check("an idle client is answered", peer.recv(100) == b"+PONG\r\n")
    # Buffers of clients that have been quiet for 2 s are given back.
    time.sleep(4)
    each = (resident(node) - before) / count
    check("an idle client takes less than 16 KiB", each < 16384, each)
    for peer in peers:
        peer.close()
    print("hostile: %d idle clients, %d bytes each" % (count, each))


def slow_reader(node):
    """Asks for far more than it reads: it is not read from, and takes its answers when it likes."""
    Peer(node.port).ask("SET", "big", b"x" * MIB)
    before = resident(node)
    slow = socket.create_connection(("127.0.0.1", node.port))
    slow.sendall(b"*2\r\n$3\r\nGET\r\n$3\r\nbig\r\n" * 400)
    time.sleep(1)
    taken = resident(node) - before
    check("replies that nobody takes stay within the limit", taken < 80 * MIB, taken)
    left = 400 * (MIB + len(b"$1048576\r\n\r\n"))
    while left > 0:
        piece = slow.recv(MIB)
        check("a slow client gets all its answers", piece, "%d bytes are missing" % left)
        left -= len(piece)
    slow.close()


def not_reading(node):
    """A MONITOR that nobody reads is disconnected at the output limit."""
    monitor = Peer(node.port)
    monitor.ask("MONITOR")
    talker = Peer(node.port)
    text = b"y" * MIB
    for _ in range(200):
        talker.ask("PING", text)
    check("the node goes on", talker.ask("PING") == b"+PONG\r\n")
    check("a client over the output limit is gone", b" cmd=monitor" not in talker.ask("CLIENT", "LIST"))
    talker.close()


def half_open(node):
    """Lengths that are claimed and not sent, and bytes that are sent and lead to nothing."""
    before = resident(node)
    peers = []
    for text in (b"*2147483647\r\n", b"*1000000\r\n$3\r\nGET\r\n", b"*2\r\n$3\r\nGET\r\n$60000000\r\nabc",
                 b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$67108864\r\n", b"*1\r\n$", b"GET k", b"\r", b"*"):
        for _ in range(50):
            peer = socket.create_connection(("127.0.0.1", node.port))
            peer.sendall(text)
            peers.append(peer)
    time.sleep(0.5)
    taken = resident(node) - before
    check("claims take no memory", taken < 64 * MIB, taken)
    for peer in peers[::2]:
        peer.close()
    for peer in peers[1::2]:
        peer.shutdown(socket.SHUT_WR)
        while peer.recv(4096):
            pass
        peer.close()
    # Half a command of 40 MiB, many times: refused where all of them together are too much.
    many = [socket.create_connection(("127.0.0.1", node.port)) for _ in range(10)]
    for peer in many:
        peer.settimeout(20)
        try:
            peer.sendall(b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$41943040\r\n" + b"z" * (40 * MIB - 1))
        except OSError:
            pass
    taken = resident(node) - before
    check("input under way stays within the limit", taken < 400 * MIB, taken)
    for peer in many:
        peer.close()


def wrong(node):
    for sent in (b"*1\r\n$-5\r\n", b"*-2147483649\r\n", b"*99999999999999999999\r\n", b"*1\r\n$99999999999\r\n",
                 b"*1\r\n\x00\r\n", b"*1\r\n$3\r\nab", b'set "k\r\n', b"\x00" * 70000, b"*1\r\n$1\r\naXY*1\r\n"):
        peer = socket.create_connection(("127.0.0.1", node.port))
        peer.settimeout(PATIENCE_S)
        peer.sendall(sent)
        peer.shutdown(socket.SHUT_WR)
        said = b""
        while piece := peer.recv(4096):
            said += piece
        check("an answer is an error, or there is none", said == b"" or said.startswith(b"-ERR "), (sent[:40], said))
        peer.close()


def small_limit(build):
    """A pipeline whose replies are many times what may wait for the client is answered to its end."""
    with WorkFolder() as work:
        node = Node(build, work, ('output_limit = "64KiB"',))
        try:
            peer = Peer(node.port)
            peer.socket.settimeout(PATIENCE_S)
            peer.ask("SET", "k", b"v" * 10000)
            for command in (b"GET k\r\n", b"MGET k k\r\n", b"GETRANGE k 0 -1\r\n"):
                peer.socket.sendall(command * 300)
                for _ in range(300):
                    check("a large pipeline is answered", len(peer.reply()) > 10000)
            peer.close()
        finally:
            check("the node's exit code is 0", node.stop() == 0)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build")
    parser.add_argument("--idle", type=int, default=2000)
    arguments = parser.parse_args()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, arguments.idle + 1000)), hard))
    small_limit(arguments.build)
    with WorkFolder() as work:
        node = Node(arguments.build, work, ('input_limit = "256MiB"',))
        node.memory_factor = memory_factor(arguments.build)
        try:
            with Bystander(node):
                idle(node, arguments.idle)
                for part in (slow_reader, not_reading, half_open, wrong):
                    part(node)
                    print("hostile: %s done" % part.__name__, flush=True)
        finally:
            code = node.stop()
        check("the node's exit code is 0", code == 0, code)
    return 0


if __name__ == "__main__":
    sys.exit(main())
