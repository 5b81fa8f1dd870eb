"""Two servers of the Redis protocol side by side: redis-server and a kvhost node; and a client that
keeps the bytes of every reply. Standard library only."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time

PATIENCE_S = 60


class ReplyReader:
    """Cuts replies out of a socket and keeps them as they came."""

    def __init__(self, connection):
        self.connection = connection
        self.buffer = b""

    def fill(self):
        piece = self.connection.recv(1 << 16)
        if not piece:
            raise EOFError("the server closed the connection")
        self.buffer += piece

    def line(self, at):
        while True:
            end = self.buffer.find(b"\r\n", at)
            if end >= 0:
                return end + 2
            self.fill()

    def skip(self, at):
        """The end of the reply that begins at `at`."""
        end = self.line(at)
        kind, text = self.buffer[at : at + 1], self.buffer[at + 1 : end - 2]
        if kind in b"$=!":
            size = int(text)
            if size < 0:
                return end
            while len(self.buffer) < end + size + 2:
                self.fill()
            return end + size + 2
        if kind in b"*~>%|":
            count = int(text) * (2 if kind in b"%|" else 1)
            for _ in range(max(count, 0)):
                end = self.skip(end)
            return self.skip(end) if kind == b"|" else end
        if kind in b"+-:_#,(":
            return end
        raise ValueError("no reply begins with %r" % self.buffer[at : at + 40])

    def next(self):
        end = self.skip(0)
        reply, self.buffer = self.buffer[:end], self.buffer[end:]
        return reply


def encode(words):
    out = [b"*%d\r\n" % len(words)]
    for word in words:
        out.append(b"$%d\r\n%s\r\n" % (len(word), word))
    return b"".join(out)


def decode(reply):
    """A reply as Python values, for comparisons that are not by bytes. Errors are ('error', text)."""

    def one(at):
        end = reply.index(b"\r\n", at) + 2
        kind, text = reply[at : at + 1], reply[at + 1 : end - 2]
        if kind in b"$=":
            size = int(text)
            return (None, end) if size < 0 else (reply[end : end + size], end + size + 2)
        if kind in b"*~>%":
            count = int(text) * (2 if kind == b"%" else 1)
            if count < 0:
                return None, end
            items = []
            for _ in range(count):
                item, end = one(end)
                items.append(item)
            return items, end
        if kind == b":":
            return int(text), end
        if kind == b"-":
            return ("error", text), end
        return (None if kind == b"_" else text), end

    return one(0)[0]


class Peer:
    """One connection."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.reader = ReplyReader(self.socket)

    def send(self, *commands):
        self.socket.sendall(b"".join(encode(words) for words in commands))

    def reply(self):
        return self.reader.next()

    def ask(self, *words):
        self.send([w if isinstance(w, bytes) else str(w).encode() for w in words])
        return self.reply()

    def close(self):
        self.socket.close()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(port, process, log):
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        if process.poll() is not None:
            break
        try:
            peer = Peer(port)
            answer = peer.ask("PING")
            peer.close()
            if answer == b"+PONG\r\n":
                return
        except (OSError, EOFError):
            pass
        time.sleep(0.05)
    with open(log) as text:
        sys.stderr.write(text.read()[-4000:])
    raise RuntimeError("the server on port %d did not become ready" % port)


class RedisServer:
    """redis-server with nothing on disk and kvhost's limits."""

    def __init__(self, work, extra=()):
        self.port = free_port()
        self.log = os.path.join(work, "redis.log")
        command = ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "",
                   "--appendonly", "no", "--dir", work, "--enable-debug-command", "yes",
                   "--proto-max-bulk-len", "64mb", *extra]
        self.process = subprocess.Popen(command, stdout=open(self.log, "w"),
                                        stderr=subprocess.STDOUT)
        wait_for(self.port, self.process, self.log)

    def stop(self):
        self.process.terminate()
        self.process.wait()


class Node:
    """A kvhost node that serves RESP alone."""

    def __init__(self, build, work, options=()):
        self.work = work
        self.log = os.path.join(work, "node.log")
        self.port = free_port()
        config = os.path.join(work, "node.toml")
        with open(config, "w") as text:
            text.write('[node]\ndata_dir = "data"\n[compaction]\nplugin = "leveled"\n'
                       '[replication]\nplugin = "none"\n[engine]\nwal_sync = "interval"\n'
                       '[metrics]\nplugin = "prometheus"\n[metrics.options]\n'
                       'listen = "127.0.0.1:0"\n[[transport]]\nplugin = "resp"\n'
                       "[transport.options]\n"
                       'listen = "127.0.0.1:%d"\nenable_debug_command = true\n' % self.port)
            text.write("".join(line + "\n" for line in options))
        self.command = [os.path.join(build, "bin", "kvhost"), "--config", config]
        self.start()

    def start(self):
        self.process = subprocess.Popen(self.command, cwd=self.work, stdout=open(self.log, "a"),
                                        stderr=subprocess.STDOUT)
        wait_for(self.port, self.process, self.log)

    def stop(self):
        """The exit code."""
        self.process.terminate()
        return self.process.wait(timeout=PATIENCE_S)


class WorkFolder:
    def __enter__(self):
        self.path = tempfile.mkdtemp(prefix="kvhost-resp-")
        return self.path

    def __exit__(self, *_):
        shutil.rmtree(self.path, ignore_errors=True)
