// One connection without a socket: bytes in, bytes out, and a store that answers when it likes.
#include "session/session.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "support/fake_host.hpp"
#include "support/fake_store.hpp"

using namespace kvhost;
using namespace kvhost::resp;
using kvhost::testing::Completion;

namespace {

class Conversation {
 public:
  explicit Conversation(Completion completion = Completion::kAtOnce)
      : store(completion),
        host(store.table()),
        server(Context(host.table()), *store.table(), RespOptions{}),
        store_session_(*Store(store.table()).open_session("resp", "test")),
        loop(server, store_session_, [] {}),
        session(loop, server.clients.add("peer", "here", 1), store_session_) {
    server.settings.output_limit = 1 << 20;
  }

  void send(std::string_view bytes) {
    const auto room = session.input_room();
    REQUIRE(room.size() >= bytes.size());
    std::memcpy(room.data(), bytes.data(), bytes.size());
    session.received(bytes.size());
    turn();
  }
  void turn() {
    loop.now_ns = steady_ns();
    loop.touch(session);
    while (!loop.touched.empty()) {
      loop.touched.clear();
      session.unlist();
      session.work();
      loop.writes.submit();
      loop.writes.answer_finished();
      loop.mailbox.run_all();
    }
  }
  // Everything that the store still has to answer.
  void settle() {
    while (store.pending() != 0) {
      store.complete_all();
      loop.mailbox.run_all();
      turn();
    }
  }
  std::string said() { return std::exchange(session.output(), {}); }
  std::string ask(std::string_view bytes) {
    send(bytes);
    settle();
    return said();
  }

  testing::FakeStore store;
  testing::FakeHost host;
  Server server;

 private:
  uint64_t store_session_;

 public:
  LoopServices loop;
  Session session;
};

}  // namespace

TEST_CASE("resp session: values, errors and both protocols") {
  Conversation with;
  CHECK(with.ask("set k v\r\nget k\r\nget none\r\n") == "+OK\r\n$1\r\nv\r\n$-1\r\n");
  CHECK(with.ask("get\r\n") == "-ERR wrong number of arguments for 'get' command\r\n");
  CHECK(with.ask("nosuch a\r\n") ==
        "-ERR unknown command 'nosuch', with args beginning with: 'a' \r\n");
  CHECK(with.ask("hello 4\r\n") == "-NOPROTO unsupported protocol version\r\n");
  CHECK(with.ask("hello 3\r\n").substr(0, 4) == "%7\r\n");
  CHECK(with.ask("get none\r\n") == "_\r\n");
  CHECK(with.ask("incr n\r\nincrby n 4\r\nincr k\r\n") ==
        ":1\r\n:5\r\n-ERR value is not an integer or out of range\r\n");
  CHECK(with.store.get("n") == "5");
}

TEST_CASE("resp session: FUNCTION FLUSH takes one word") {
  Conversation with;
  CHECK(with.ask("function flush sync\r\nfunction Flush later x\r\n") ==
        "+OK\r\n-ERR unknown subcommand or wrong number of arguments for 'Flush'. Try FUNCTION "
        "HELP.\r\n");
}

TEST_CASE("resp session: databases are spaces") {
  Conversation with;
  CHECK(with.ask("set k zero\r\nselect 5\r\nget k\r\nset k five\r\nselect 16\r\n") ==
        "+OK\r\n+OK\r\n$-1\r\n+OK\r\n-ERR DB index is out of range\r\n");
  CHECK(with.store.get("k", 0) == "zero");
  CHECK(with.store.get("k", 5) == "five");
  CHECK(with.ask("move k 6\r\nget k\r\n") == ":1\r\n$-1\r\n");
  CHECK(with.store.get("k", 6) == "five");
}

TEST_CASE("resp session: a pipeline is one call of the store, and its replies keep their order") {
  Conversation with(Completion::kManual);
  with.send("set a 1\r\nset b 2\r\nset c 3\r\nping\r\n");
  CHECK(with.store.pending() == 1);
  CHECK(with.said().empty());
  with.settle();
  CHECK(with.said() == "+OK\r\n+OK\r\n+OK\r\n+PONG\r\n");
}

TEST_CASE("resp session: GETs side by side are one read, and what comes between has its turn") {
  Conversation with(Completion::kManual);
  with.store.put("a", "1");
  with.store.put("b", "2");
  with.send("get a\r\nget none\r\nget b\r\nping\r\n");
  CHECK(with.store.pending() == 1);
  with.settle();
  CHECK(with.said() == "$1\r\n1\r\n$-1\r\n$1\r\n2\r\n+PONG\r\n");
  with.send("get a\r\nget b\r\nset b 3\r\nget b\r\nget a\r\n");
  CHECK(with.store.pending() == 1);
  with.settle();
  CHECK(with.said() == "$1\r\n1\r\n$1\r\n2\r\n+OK\r\n$1\r\n3\r\n$1\r\n1\r\n");
}

TEST_CASE("resp session: GETs that are too much together are read one by one") {
  Conversation with;
  with.store.put("a", "1");
  with.store.fail_next({StatusCode::TOO_LARGE, "together"});
  CHECK(with.ask("get a\r\nget none\r\n") == "$1\r\n1\r\n$-1\r\n");
  with.store.fail_next({StatusCode::IO_ERROR, "broken"});
  const std::string said = with.ask("get a\r\nget none\r\n");
  CHECK(std::count(said.begin(), said.end(), '-') == 2);
}

TEST_CASE("resp session: large values wait for the client, whatever was read with them") {
  for (const auto completion : {Completion::kAtOnce, Completion::kManual}) {
    Conversation with(completion);
    with.store.put("k", std::string(100'000, 'x'));
    with.send("get k\r\nget k\r\nget k\r\nget k\r\nping\r\n");
    with.store.complete_all();
    with.loop.mailbox.run_all();
    std::string all;
    for (int turns = 0; turns < 20 && all.size() < 400'000; ++turns) {
      with.turn();
      CHECK(with.session.output().size() < 300'000);
      all += with.said();
      with.store.complete_all();
      with.loop.mailbox.run_all();
    }
    with.turn();
    all += with.said();
    CHECK(all.size() == 4 * (100'000 + 11) + 7);
    CHECK(with.session.in_flight() == 0);
  }
}

TEST_CASE("resp session: a client that leaves while values wait for it holds nothing up") {
  Conversation with;
  with.store.put("k", std::string(200'000, 'x'));
  with.send("get k\r\nget k\r\nget k\r\n");
  CHECK(with.session.in_flight() == 1);
  with.session.abandon();
  with.turn();
  CHECK(with.session.in_flight() == 0);
}

TEST_CASE("resp session: a read waits for earlier writes of its key") {
  Conversation with(Completion::kManual);
  with.send("set a 1\r\nget a\r\nset a 2\r\nget a\r\n");
  CHECK(with.store.pending() == 1);
  with.settle();
  CHECK(with.said() == "+OK\r\n$1\r\n1\r\n+OK\r\n$1\r\n2\r\n");
}

TEST_CASE("resp session: a change that somebody else disturbs begins again") {
  Conversation with(Completion::kManual);
  with.store.put("k", "a");
  with.send("append k x\r\n");
  REQUIRE(with.store.complete_one());  // the read
  with.loop.mailbox.run_all();
  with.store.put("k", "b");
  with.settle();
  CHECK(with.said() == ":2\r\n");
  CHECK(with.store.get("k") == "bx");
  CHECK(with.server.counters.retries == 1);
}

TEST_CASE("resp session: one bad counter does not fail its neighbours") {
  Conversation with;
  with.store.put("text", "abc");
  CHECK(with.ask("incr a\r\nincr text\r\nincrby b 5\r\n") ==
        ":1\r\n-ERR value is not an integer or out of range\r\n:5\r\n");
}

TEST_CASE("resp session: transactions") {
  Conversation with;
  CHECK(with.ask("multi\r\nset k 1\r\nincr k\r\nget k\r\nexec\r\n") ==
        "+OK\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n*3\r\n+OK\r\n:2\r\n$1\r\n2\r\n");
  CHECK(with.ask("watch k\r\nmulti\r\nset k 9\r\n") == "+OK\r\n+OK\r\n+QUEUED\r\n");
  with.store.put("k", "other");
  CHECK(with.ask("exec\r\n") == "*-1\r\n");
  CHECK(with.store.get("k") == "other");
  CHECK(with.ask("multi\r\nnosuch\r\nexec\r\n").find("EXECABORT") != std::string::npos);
  CHECK(with.ask("exec\r\ndiscard\r\n") ==
        "-ERR EXEC without MULTI\r\n-ERR DISCARD without MULTI\r\n");
}

TEST_CASE("resp session: CLIENT REPLY takes replies away and gives them back") {
  Conversation with;
  CHECK(with.ask("client reply off\r\nset k v\r\nget k\r\n").empty());
  CHECK(with.ask("client reply on\r\nget k\r\n") == "+OK\r\n$1\r\nv\r\n");
  CHECK(with.ask("client reply skip\r\nping\r\nping\r\n") == "+PONG\r\n");
}

TEST_CASE("resp session: CLIENT REPLY ON takes back a SKIP") {
  Conversation with;
  CHECK(with.ask("client reply skip\r\nclient reply on\r\nping\r\n") == "+OK\r\n+PONG\r\n");
}

TEST_CASE("resp session: CLIENT INFO counts the command that asks") {
  Conversation with;
  CHECK(with.ask("client info\r\n").find(" qbuf=13 qbuf-free=") != std::string::npos);
  CHECK(with.ask("multi\r\nping\r\nexec\r\nclient info\r\n").find(" multi-mem=0 ") !=
        std::string::npos);
}

TEST_CASE("resp session: MONITOR shows EXEC after its commands, and no secrets") {
  Conversation with;
  std::string seen;
  with.server.monitors.add(
      99, [&](std::string_view line) { seen.append(line.substr(line.find(']') + 1)); });
  with.ask("multi\r\nset k v\r\nexec\r\n");
  CHECK(seen == " \"multi\"\r\n \"set\" \"k\" \"v\"\r\n \"exec\"\r\n");
  seen.clear();
  with.ask("multi\r\nnosuch\r\nexec\r\n");
  CHECK(seen == " \"multi\"\r\n \"exec\"\r\n");
  seen.clear();
  with.ask("auth default secret\r\nhello 3 auth default secret setname n\r\n");
  CHECK(seen ==
        " \"auth\" \"(redacted)\" \"(redacted)\"\r\n"
        " \"hello\" \"3\" \"auth\" \"(redacted)\" \"(redacted)\" \"setname\" \"n\"\r\n");
}

TEST_CASE("resp session: SLOWLOG keeps every command at 0, and what waits when it is done") {
  Conversation with;
  with.server.settings.slowlog_us = 0;
  with.ask("ping\r\nset k v\r\nget k\r\nappend k w\r\nauth x\r\nkeys *\r\n");
  std::vector<std::string> kept;
  for (const auto& slow : with.server.slow_log.newest(100)) {
    kept.push_back(slow.words[0] + (slow.words.size() > 1 ? " " + slow.words[1] : ""));
  }
  std::sort(kept.begin(), kept.end());
  CHECK(kept == std::vector<std::string>{"append k", "auth (redacted)", "get k", "keys *", "ping",
                                         "set k"});
}

TEST_CASE("resp session: SLOWLOG measures a command from its arrival to its reply") {
  Conversation with(Completion::kManual);
  with.server.settings.slowlog_us = 2000;
  with.send("append k w\r\n");
  CHECK(with.server.slow_log.length() == 0);
  const uint64_t began = steady_ns();
  while (steady_ns() - began < 3'000'000) {
  }
  with.settle();
  REQUIRE(with.server.slow_log.length() == 1);
  const auto slow = with.server.slow_log.newest(1)[0];
  CHECK(slow.words == std::vector<std::string>{"append", "k", "w"});
  CHECK(slow.duration_us >= 2000);
}

TEST_CASE("resp session: CONFIG SET changes all of its settings or none") {
  Conversation with;
  with.ask("config set timeout 7\r\n");
  CHECK(with.ask("config set timeout 9 maxclients none\r\n").substr(0, 27) ==
        "-ERR CONFIG SET failed (pos");
  CHECK(with.ask("config get timeout\r\n") == "*2\r\n$7\r\ntimeout\r\n$1\r\n7\r\n");
}

TEST_CASE("resp session: CONFIG remembers settings that mean nothing here") {
  Conversation with;
  CHECK(with.ask("config set hz 100\r\nconfig get hz\r\n") ==
        "+OK\r\n*2\r\n$2\r\nhz\r\n$3\r\n100\r\n");
  CHECK(with.ask("config set daemonize yes\r\n").find("immutable") != std::string::npos);
}

TEST_CASE("resp session: COMMAND LIST tells subcommands, too") {
  Conversation with;
  CHECK(with.ask("command list\r\n").find("\r\nclient|list\r\n") != std::string::npos);
}

TEST_CASE("resp session: failures of the store have their prefixes") {
  Conversation with;
  with.store.fail_next({StatusCode::NO_QUORUM, "too few"});
  CHECK(with.ask("set k v\r\n") == "-NOREPLICAS too few\r\n");
  with.store.fail_next({StatusCode::NOT_LEADER, "n2 leads"});
  CHECK(with.ask("get k\r\n") == "-READONLY n2 leads\r\n");
}

TEST_CASE("resp session: a slow reader is not read from") {
  Conversation with;
  with.store.put("k", std::string(200'000, 'x'));
  CHECK(with.session.wants_input());
  with.send("get k\r\nget k\r\nget k\r\n");
  CHECK_FALSE(with.session.wants_input());
  CHECK(with.said().size() < 300'000);
  with.turn();
  CHECK(with.said().size() > 200'000);
  // Whoever goes away meanwhile leaves nothing behind.
  CHECK(with.session.in_flight() == 1);
  with.session.abandon();
  with.turn();
  CHECK(with.session.is_over());
}

TEST_CASE("resp session: a protocol error is the last word") {
  Conversation with;
  CHECK(with.ask("ping\r\n*1\r\n$-4\r\n") ==
        "+PONG\r\n-ERR Protocol error: invalid bulk length\r\n");
  CHECK(with.session.is_over());
}
