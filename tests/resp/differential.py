#!/usr/bin/env python3
"""Drives random sequences of every command against redis-server and a kvhost node, and compares the
replies byte for byte. Known differences are listed, with their reasons, in known_differences.txt.

  differential.py BUILD_DIRECTORY [--seconds N] [--seed N] [--sequences N]

KVHOST_RESP_SECONDS overrules --seconds for a long run."""

import argparse
import collections
import os
import random
import re
import sys
import time

from command_draw import KEYS, Draw
from resp_pair import Node, Peer, RedisServer, WorkFolder, decode

HERE = os.path.dirname(os.path.abspath(__file__))
SLACK = 2000
# What ends a connection or stops a server is tested by itself.
LENGTH = 60


class Difference:
    def __init__(self, line):
        self.name, pattern, self.compared, self.reason = [part.strip() for part in line.split(" | ")]
        self.pattern = re.compile(pattern, re.DOTALL)

    def accepts(self, ours, theirs):
        if self.compared == "ignored":
            # An error stays an error.
            return (ours[:1] == b"-") == (theirs[:1] == b"-")
        a, b = decode(ours), decode(theirs)
        if self.compared == "sorted":
            both = isinstance(a, list) and isinstance(b, list)
            return both and sorted(map(repr, a)) == sorted(map(repr, b))
        if self.compared == "near":
            return ours == theirs or (
                isinstance(a, int) and isinstance(b, int) and min(a, b) >= 0 and abs(a - b) <= SLACK)
        raise ValueError("known_differences.txt: %s is compared how?" % self.name)


def read_differences():
    with open(os.path.join(HERE, "known_differences.txt")) as text:
        return [Difference(line) for line in text if line.strip() and not line.startswith("#")]


class Comparison:
    def __init__(self):
        self.differences = read_differences()
        self.met = collections.Counter()
        self.replies = 0
        self.by_command = collections.Counter()

    def judge(self, words, ours, theirs):
        """None, or what is wrong."""
        self.replies += 1
        self.by_command[words[0].lower().decode("latin-1")] += 1
        if ours == theirs:
            return None
        text = b" ".join(words).lower().decode("latin-1")
        for difference in self.differences:
            if difference.pattern.fullmatch(text) and difference.accepts(ours, theirs):
                self.met[difference.name] += 1
                return None
        return "%r\n  kvhost answers       %r\n  redis-server answers %r" % (
            words, ours[:600], theirs[:600])

    def judge_transaction(self, queued, ours, theirs):
        """EXEC: each reply by its own command."""
        a, b = split_array(ours), split_array(theirs)
        if a is None or b is None or len(a) != len(b) or len(a) != len(queued):
            return self.judge([b"EXEC"], ours, theirs)
        for words, one, other in zip(queued, a, b):
            wrong = self.judge(words, one, other)
            if wrong:
                return "in EXEC: " + wrong
        return None


def split_array(reply):
    """The replies in an array; None for another reply."""
    if reply[:1] != b"*" or reply[:3] == b"*-1":
        return None
    from resp_pair import ReplyReader

    reader = ReplyReader(None)
    start = reply.index(b"\r\n") + 2
    reader.buffer = reply[start:]
    return [reader.next() for _ in range(int(reply[1 : start - 2]))]


class Sequence:
    """One random sequence, on fresh connections to emptied servers."""

    def __init__(self, seed, node, redis, comparison):
        self.random = random.Random(seed)
        self.draw = Draw(self.random)
        self.comparison = comparison
        self.ports = (node.port, redis.port)
        self.said = []
        # As the servers see it: None outside of MULTI.
        self.queued = None

    def run(self):
        self.ours, self.theirs = (Peer(port) for port in self.ports)
        try:
            self.both([b"FLUSHALL"])
            self.both([b"HELLO", self.random.choice([b"2", b"3"])])
            commands = [self.next_command() for _ in range(self.random.randint(10, LENGTH))]
            if self.random.random() < 0.4:
                return self.pipeline(commands) or self.state()
            for words in commands:
                wrong = self.both(words)
                if wrong:
                    return wrong
            return self.scans() or self.state()
        finally:
            self.ours.close()
            self.theirs.close()

    def next_command(self):
        if self.random.random() < 0.06:
            return [b"MULTI"] if self.random.random() < 0.5 else [b"EXEC"]
        return self.draw.command()

    def both(self, words):
        self.said.append(words)
        for peer in (self.ours, self.theirs):
            peer.send(words)
        return self.judge(words, self.ours.reply(), self.theirs.reply())

    def pipeline(self, commands):
        self.said += commands
        for peer in (self.ours, self.theirs):
            peer.send(*commands)
        for words in commands:
            wrong = self.judge(words, self.ours.reply(), self.theirs.reply())
            if wrong:
                return "in a pipeline: " + wrong
        return None

    def judge(self, words, ours, theirs):
        name = words[0].lower()
        if theirs == b"+QUEUED\r\n":
            if self.queued is not None:
                self.queued.append(words)
        elif name == b"exec" and self.queued is not None and len(words) == 1:
            queued, self.queued = self.queued, None
            return self.comparison.judge_transaction(queued, ours, theirs)
        elif name == b"multi" and theirs == b"+OK\r\n":
            self.queued = []
        elif name in (b"discard", b"reset") and theirs[:1] == b"+":
            self.queued = None
        return self.comparison.judge(words, ours, theirs)

    def scans(self):
        """Whole scans, as sets."""
        if self.queued is not None:
            return None
        found = []
        for peer in (self.ours, self.theirs):
            cursor, keys = b"0", set()
            for _ in range(1000):
                cursor, page = decode(peer.ask(b"SCAN", cursor, b"COUNT", b"3", b"MATCH", b"k*"))
                keys.update(page)
                if cursor == b"0":
                    break
            found.append(keys)
        self.said.append([b"SCAN", b"(a whole one)"])
        if found[0] == found[1]:
            return None
        return "a whole SCAN finds %r, redis-server %r" % tuple(sorted(keys) for keys in found)

    def state(self):
        """What is left in the databases that sequences use."""
        if self.queued is not None:
            self.both([b"DISCARD"])
        for database in (b"0", b"1", b"5"):
            wrong = self.both([b"SELECT", database]) or self.both([b"DBSIZE"])
            wrong = wrong or self.both([b"MGET"] + KEYS)
            for key in KEYS:
                wrong = wrong or self.both([b"PTTL", key])
            if wrong:
                return "what is left: " + wrong
        return None


def check_ends(comparison, node, redis):
    """Keys with short ttls end, on both servers, and are absent in every command's eyes."""
    ours, theirs = Peer(node.port), Peer(redis.port)
    wrong = None
    for peer in (ours, theirs):
        peer.ask("FLUSHALL")
        peer.ask("SET", "ends", "5", "PX", "1")
        peer.ask("SETEX", "stays", "100", "v")
        peer.ask("SET", "other", "v")
        peer.ask("PEXPIRE", "other", "1")
    time.sleep(0.1)
    for words in (["GET", "ends"], ["EXISTS", "ends", "other", "stays"], ["TTL", "ends"], ["KEYS", "*"],
                  ["DBSIZE"], ["SETNX", "ends", "1"], ["INCR", "other"], ["TTL", "other"],
                  ["APPEND", "ends", "x"], ["TYPE", "other"]):
        raw = [word.encode() for word in words]
        wrong = wrong or comparison.judge(raw, ours.ask(*words), theirs.ask(*words))
    ours.close()
    theirs.close()
    return wrong


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build")
    parser.add_argument("--seconds", type=float, default=8)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--sequences", type=int, default=None)
    arguments = parser.parse_args()
    seconds = float(os.environ.get("KVHOST_RESP_SECONDS", arguments.seconds))
    # The short run is the same every time; a long one looks at new sequences.
    first = arguments.seed
    if first is None:
        first = 1 if "KVHOST_RESP_SECONDS" not in os.environ else random.SystemRandom().randrange(1 << 40)
    comparison = Comparison()
    with WorkFolder() as work:
        redis, node = RedisServer(work), Node(arguments.build, work)
        try:
            wrong = check_ends(comparison, node, redis)
            if wrong:
                print("DIFFERENCE where keys end: " + wrong)
                return 1
            until = time.monotonic() + seconds
            done = 0
            while time.monotonic() < until if arguments.sequences is None else done < arguments.sequences:
                sequence = Sequence(first + done, node, redis, comparison)
                try:
                    wrong = sequence.run()
                except (OSError, EOFError) as broken:
                    wrong = "the connection broke: %r" % broken
                if wrong:
                    for words in sequence.said[-12:]:
                        print("  said %r" % [word[:80] for word in words])
                    print("DIFFERENCE in sequence %d: %s" % (first + done, wrong))
                    print("again: %s %s --seed %d --sequences 1" % (sys.argv[0], arguments.build,
                                                                    first + done))
                    return 1
                done += 1
        finally:
            redis.stop()
            code = node.stop()
    if code != 0:
        print("the node ended with exit code %d" % code)
        return 1
    for name, count in sorted(comparison.met.items()):
        print("  known difference %-18s %6d times" % (name, count))
    print("differential: %d sequences from seed %d, %d replies of %d commands compared, %d by a known "
          "difference, 0 unexplained" % (done, first, comparison.replies, len(comparison.by_command),
                                         sum(comparison.met.values())))
    return 0


if __name__ == "__main__":
    sys.exit(main())
