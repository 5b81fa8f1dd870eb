#!/usr/bin/env python3
"""Clients that nobody here wrote, against a node: redis-cli, redis-benchmark, redis-py, hiredis where a
compiler is there, and ioredis and node-redis where node and npm are and the registry can be reached. What is
missing is said, and left out.

  clients.py BUILD_DIRECTORY"""

import os
import pty
import select
import shutil
import subprocess
import sys
import tempfile
import threading

from resp_pair import Node, Peer, WorkFolder

PATIENCE_S = 120


def run(*command, text=None, code=0):
    done = subprocess.run(command, input=text, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          timeout=PATIENCE_S)
    said = done.stdout.decode("utf-8", "replace")
    if done.returncode != code:
        raise AssertionError("%s ended with %d: %s" % (command, done.returncode, said[-2000:]))
    return said


def check(what, found, expected):
    if found != expected:
        raise AssertionError("%s: expected %r, found %r" % (what, expected, found))


def redis_cli(node):
    def cli(*words, text=None):
        return run("redis-cli", "-p", str(node.port), *words, text=text).strip()

    check("SET", cli("SET", "greeting", "hello"), "OK")
    check("GET", cli("GET", "greeting"), "hello")
    check("GET over RESP3", cli("-3", "GET", "greeting"), "hello")
    check("a script", cli(text=b"MULTI\nINCR n\nINCR n\nEXEC\n"), "OK\nQUEUED\nQUEUED\n1\n2")
    check("databases", cli("-n", "5", "GET", "greeting"), "")
    mass = b"".join(b"*3\r\n$3\r\nSET\r\n$8\r\nmass:%03d\r\n$1\r\nv\r\n" % i for i in range(1000 // 2))
    said = cli("--pipe", text=mass)
    check("--pipe", "errors: 0, replies: 500" in said, True)
    found = cli("--scan", "--pattern", "mass:*").split()
    check("--scan", (len(found), len(set(found))), (500, 500))
    stat = subprocess.Popen(["redis-cli", "-p", str(node.port), "--stat", "-i", "0.1"],
                            stdout=subprocess.PIPE)
    lines = [stat.stdout.readline().decode() for _ in range(3)]
    stat.kill()
    stat.wait()
    check("--stat", ("keys" in lines[1], lines[2].split()[0]), (True, "502"))
    check("an error", cli("NOSUCH"), "ERR unknown command 'NOSUCH', with args beginning with:")


def monitor(node):
    process = subprocess.Popen(["redis-cli", "-p", str(node.port), "MONITOR"], stdout=subprocess.PIPE)
    check("MONITOR", process.stdout.readline(), b"OK\n")
    run("redis-cli", "-p", str(node.port), "SET", "watched", "a b")
    while True:
        line = process.stdout.readline().decode()
        if "watched" in line:
            break
        if not line:
            raise AssertionError("MONITOR ended")
    process.kill()
    process.wait()
    check("MONITOR's line", line.split("] ", 1)[1], '"SET" "watched" "a b"\n')


def redis_benchmark(node):
    for pipeline in ("1", "16"):
        said = run("redis-benchmark", "-p", str(node.port), "-t", "ping,set,get,incr,mset", "-n", "2000",
                   "-c", "20", "-P", pipeline, "-r", "500", "-q")
        check("redis-benchmark -P " + pipeline, said.count("requests per second"), 6)
        check("errors", "rror" in said.replace("WARNING", ""), False)


def redis_py(node):
    try:
        import redis
    except ImportError:
        print("clients: SKIPPED redis-py: python3-redis is not installed")
        return
    drive_redis_py(node, redis, {})
    if int(redis.__version__.split(".")[0]) < 5:
        print("clients: SKIPPED redis-py over RESP3: redis-py %s does not speak it" % redis.__version__)
        return
    Peer(node.port).ask("FLUSHALL")
    drive_redis_py(node, redis, {"protocol": 3})


def drive_redis_py(node, redis, how):
    client = redis.Redis(port=node.port, client_name="py", **how)
    check("redis-py set", client.set("py", b"\x00\xff", px=100000, nx=True), True)
    check("redis-py get", client.get("py"), b"\x00\xff")
    check("redis-py pttl", 0 < client.pttl("py") <= 100000, True)
    with client.pipeline() as pipe:
        for i in range(200):
            pipe.set("p%d" % i, i).get("p%d" % i)
        answers = pipe.execute()
    check("redis-py pipeline", answers[1::2], [b"%d" % i for i in range(200)])
    check("redis-py scan_iter", len(set(client.scan_iter("p[0-9]*", count=7))), 200)
    check("redis-py bits", client.bitfield("bits").set("u8", 0, 255).incrby("u8", 0, 1).execute(), [0, 0])
    check("redis-py info", client.info()["redis_version"][:3], "7.2")
    check("redis-py client_list", "py" in [each["name"] for each in client.client_list()], True)
    # Counting under WATCH, from several threads: no step may be lost.
    client.delete("counter")

    def count():
        mine = redis.Redis(port=node.port, **how)
        for _ in range(20):
            def step(pipe):
                value = int(pipe.get("counter") or 0)
                pipe.multi()
                pipe.set("counter", value + 1)
            mine.transaction(step, "counter")
            mine.append("marks", ".")

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    check("redis-py transactions", client.get("counter"), b"80")
    check("redis-py appends", client.strlen("marks"), 80)


HIREDIS = r"""
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
int main(int argc, char** argv) {
  redisContext* c = redisConnect("127.0.0.1", atoi(argv[argc - 1]));
  if (c == NULL || c->err) return 1;
  if (redisCommand(c, "HELLO 2") == NULL) return 2;
  for (int i = 0; i < 1000; ++i) redisAppendCommand(c, "SET h:%d %b", i, "a\0b", (size_t)3);
  for (int i = 0; i < 1000; ++i) redisAppendCommand(c, "GET h:%d", i);
  redisReply* reply;
  for (int i = 0; i < 2000; ++i) {
    if (redisGetReply(c, (void**)&reply) != REDIS_OK) return 3;
    if (i >= 1000 && (reply->len != 3 || memcmp(reply->str, "a\0b", 3) != 0)) return 4;
    freeReplyObject(reply);
  }
  reply = redisCommand(c, "GET h:none");
  if (reply->type != REDIS_REPLY_NIL) return 5;
  puts("hiredis: done");
  return 0;
}
"""


def hiredis(node):
    if shutil.which("cc") is None or not os.path.exists("/usr/include/hiredis/hiredis.h"):
        print("clients: SKIPPED hiredis: cc or libhiredis-dev is not installed")
        return
    with tempfile.TemporaryDirectory() as folder:
        source, program = os.path.join(folder, "h.c"), os.path.join(folder, "h")
        with open(source, "w") as text:
            text.write(HIREDIS)
        run("cc", "-o", program, source, "-lhiredis")
        check("hiredis", run(program, str(node.port)), "hiredis: done\n")


def interactive(node):
    """redis-cli as people use it: on a terminal."""
    terminal, end = pty.openpty()
    process = subprocess.Popen(["redis-cli", "-3", "-p", str(node.port)], stdin=end, stdout=end, stderr=end,
                               env=dict(os.environ, TERM="dumb", HOME="/nonexistent"))
    os.close(end)
    said = b""

    def until(text):
        nonlocal said
        while text not in said:
            if not select.select([terminal], [], [], PATIENCE_S)[0]:
                raise AssertionError("redis-cli on a terminal did not say %r but %r" % (text, said))
            said += os.read(terminal, 4096)
        said = said[said.index(text) + len(text):]

    until(b"> ")
    for typed, answer in ((b"SET people 'a b'", b"OK"), (b"GET people", b'"a b"'), (b"INCR people", b"(error) ERR value"),
                          (b"SELECT 3", b"OK"), (b"MULTI", b"OK"), (b"INCR n", b"QUEUED"), (b"EXEC", b"(integer) 1")):
        os.write(terminal, typed + b"\r")
        until(answer)
    os.write(terminal, b"quit\r")
    check("redis-cli on a terminal", process.wait(PATIENCE_S), 0)
    os.close(terminal)


NPM_PACKAGES = ("ioredis@5", "redis@5")


def node_clients(node):
    """ioredis and node-redis; their packages are fetched into the build directory, once."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        print("clients: SKIPPED ioredis and node-redis: node or npm is not installed")
        return
    folder = os.path.join(sys.argv[1], "npm")
    modules = os.path.join(folder, "node_modules")
    if not os.path.isdir(os.path.join(modules, "ioredis")) or not os.path.isdir(os.path.join(modules, "redis")):
        os.makedirs(folder, exist_ok=True)
        try:
            fetched = subprocess.run(["npm", "install", "--prefix", folder, "--no-audit", "--no-fund", "--silent",
                                      "--fetch-retries", "1", *NPM_PACKAGES], stdout=subprocess.PIPE,
                                     stderr=subprocess.STDOUT, timeout=240).returncode == 0
        except subprocess.TimeoutExpired:
            fetched = False
        if not fetched:
            print("clients: SKIPPED ioredis and node-redis: npm cannot fetch them")
            return
    script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "node_clients.js")
    done = subprocess.run(["node", script, str(node.port)], env=dict(os.environ, NODE_PATH=modules),
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=PATIENCE_S)
    check("ioredis and node-redis: " + done.stdout.decode()[-2000:], done.returncode, 0)


def hostile(node):
    """Bytes that are no protocol, and a client that does not read: others go on."""
    for sent, answer in ((b"*1\r\n$-5\r\n", b"-ERR Protocol error: invalid bulk length\r\n"),
                         (b"*9999999999\r\n", b"-ERR Protocol error: invalid multibulk length\r\n"),
                         (b"*1\r\n+x\r\n", b"-ERR Protocol error: expected '$', got '+'\r\n"),
                         (b'get "x\r\n', b"-ERR Protocol error: unbalanced quotes in request\r\n")):
        peer = Peer(node.port)
        peer.socket.sendall(sent)
        check("the answer to %r" % sent, peer.reply(), answer)
        check("the end after %r" % sent, peer.socket.recv(100), b"")
        peer.close()
    big = Peer(node.port)
    big.ask("SET", "big", "x" * (1 << 20))
    slow = Peer(node.port)
    slow.socket.settimeout(0.2)
    try:
        for _ in range(20000):
            slow.send([b"GET", b"big"])
    except (OSError, TimeoutError):
        pass
    check("another client beside a slow one", big.ask("PING"), b"+PONG\r\n")
    slow.close()
    idle = [Peer(node.port) for _ in range(300)]
    check("with idle clients", big.ask("PING"), b"+PONG\r\n")
    for peer in idle + [big]:
        peer.close()


def main():
    with WorkFolder() as work:
        node = Node(sys.argv[1], work)
        try:
            for part in (redis_cli, interactive, monitor, redis_benchmark, redis_py, hiredis, node_clients,
                         hostile):
                Peer(node.port).ask("FLUSHALL")
                part(node)
                print("clients: %s done" % part.__name__)
        finally:
            code = node.stop()
        check("the node's exit code", code, 0)
    return 0


if __name__ == "__main__":
    sys.exit(main())
