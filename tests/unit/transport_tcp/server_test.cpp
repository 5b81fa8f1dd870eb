// The component over real sockets: order, limits, slow and silent clients, ends.
#include <catch2/catch.hpp>
#include <future>
#include <thread>

#include "unit/transport_tcp/raw_client.hpp"
#include "unit/transport_tcp/tcp_server.hpp"

using namespace kvhost;
using namespace kvhost::tcp;
using kvhost::testing::Completion;
using kvhost::testing::RawClient;
using kvhost::testing::TcpServer;
using namespace std::chrono_literals;

namespace {

std::string get_request(uint64_t id, std::string_view key) {
  std::string bytes;
  RequestEncoder(bytes).read(id, {}, {&key, 1});
  return bytes;
}

template <typename Condition>
bool eventually(Condition holds) {
  const auto until = std::chrono::steady_clock::now() + 10s;
  while (!holds()) {
    if (std::chrono::steady_clock::now() > until) return false;
    std::this_thread::sleep_for(1ms);
  }
  return true;
}

}  // namespace

TEST_CASE("server: replies come in the order of completion") {
  TcpServer server(Completion::kManual);
  RawClient client(server.endpoint());
  CHECK(client.greet().text == "node1");
  client.send(get_request(1, "a") + get_request(2, "b") + get_request(3, "c"));
  REQUIRE(eventually([&] { return server.store.pending() == 3; }));
  server.store.complete_one(2);
  CHECK(client.reply()->id == 3);
  server.store.complete_one(0);
  CHECK(client.reply()->id == 1);
  server.store.complete_one(0);
  CHECK(client.reply()->id == 2);
}

TEST_CASE(
    "server: an unknown opcode and a senseless payload are answered, the connection goes on") {
  TcpServer server;
  RawClient client(server.endpoint());
  client.greet();
  std::string bytes;
  FrameWriter unknown(bytes, 0x30, 0, 7);
  unknown.finish();
  FrameWriter senseless(bytes, static_cast<uint16_t>(Opcode::kRead), 0, 8);
  senseless.u32(1000);
  senseless.finish();
  client.send(bytes + get_request(9, "k"));
  CHECK(client.reply()->error().code() == StatusCode::NOT_SUPPORTED);
  const auto second = client.reply();
  CHECK(second->id == 8);
  CHECK(second->error().message().find("key count") != std::string::npos);
  CHECK(client.reply()->id == 9);
  CHECK(eventually(
      [&] { return server.host.metric("kvhost_tcp_requests_total{read,protocol-error}") == 1; }));
  CHECK(server.host.metric("kvhost_tcp_requests_total{unknown,not-supported}") == 1);
}

TEST_CASE("server: garbage is told off and cut, others are served") {
  TcpServer server;
  RawClient hostile(server.endpoint());
  hostile.greet();
  hostile.send(std::string(64, '\xff'));
  CHECK(hostile.reply()->error().code() == StatusCode::PROTOCOL_ERROR);
  CHECK(hostile.sees_end(5000));
  RawClient browser(server.endpoint());
  browser.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  CHECK(browser.hello().code == StatusCode::PROTOCOL_ERROR);
  CHECK(browser.sees_end(5000));
  RawClient good(server.endpoint());
  good.greet();
  good.send(get_request(1, "k"));
  CHECK(good.reply()->id == 1);
}

TEST_CASE("server: requests under way are limited per connection") {
  TcpServer server(Completion::kManual, {{"max_in_flight", "4"}});
  RawClient client(server.endpoint());
  CHECK(client.greet().max_in_flight == 4);
  std::string bytes;
  for (uint64_t id = 1; id <= 10; ++id) bytes += get_request(id, "k");
  client.send(bytes);
  REQUIRE(eventually([&] { return server.store.pending() == 4; }));
  std::this_thread::sleep_for(20ms);
  CHECK(server.store.pending() == 4);
  for (uint64_t id = 1; id <= 10; ++id) {
    REQUIRE(eventually([&] { return server.store.complete_one(); }));
    CHECK(client.reply()->id == id);
  }
}

TEST_CASE("server: a client that does not read is not read from, and is cut in the end") {
  TcpServer server(Completion::kAtOnce, {{"output_limit", "65536"}, {"send_timeout", "200ms"}});
  server.store.put("big", std::string(100'000, 'v'));
  RawClient slow(server.endpoint(), 4096);
  slow.greet();
  std::string bytes;
  for (uint64_t id = 1; id <= 200; ++id) bytes += get_request(id, "big");
  // More than the buffers of both sides hold.
  for (uint64_t id = 201; id <= 1000; ++id) bytes += get_request(id, std::string(50'000, 'k'));
  CHECK_FALSE(slow.send(bytes, 100));
  CHECK(server.store.calls() < 1000);
  RawClient other(server.endpoint());
  other.greet();
  other.send(get_request(1, "big"));
  CHECK(other.reply()->payload.size() > 100'000);
  CHECK(eventually([&] { return server.store.open_sessions() == 1; }));
}

TEST_CASE("server: silent clients are closed") {
  TcpServer server(Completion::kAtOnce, {{"handshake_timeout", "30ms"}, {"idle_timeout", "50ms"}});
  RawClient mute(server.endpoint());
  CHECK(mute.sees_end(5000));
  RawClient idle(server.endpoint());
  CHECK(idle.greet().idle_timeout_ms == 50);
  const auto farewell = idle.reply();
  REQUIRE(farewell);
  CHECK(farewell->opcode == (static_cast<uint16_t>(Opcode::kGoaway) | kReplyBit));
  // What crossed the farewell is answered as not executed.
  idle.send(get_request(5, "k"));
  const auto late = idle.reply();
  REQUIRE(late);
  CHECK(late->error().code() == StatusCode::DRAINING);
  CHECK(idle.sees_end(5000));
  CHECK(eventually([&] { return server.host.metric("kvhost_tcp_connections") == 0; }));
}

TEST_CASE("server: connections are limited, and room returns") {
  TcpServer server(Completion::kAtOnce, {{"max_connections", "1"}});
  {
    RawClient first(server.endpoint());
    first.greet();
    RawClient second(server.endpoint());
    const auto refusal = second.hello();
    CHECK(refusal.code == StatusCode::OVERLOADED);
    CHECK(refusal.text.find("max_connections") != std::string::npos);
    CHECK(second.sees_end(5000));
  }
  CHECK(eventually([&] {
    RawClient next(server.endpoint());
    return next.greet().version == kProtocolVersion;
  }));
}

TEST_CASE("server: the store's refusal of a session is the handshake's answer") {
  TcpServer server;
  server.store.refuse_sessions({StatusCode::STARTING, "not ready yet"});
  RawClient client(server.endpoint());
  const auto refusal = client.hello();
  CHECK(refusal.code == StatusCode::STARTING);
  CHECK(refusal.text == "not ready yet");
}

TEST_CASE("server: draining finishes what was taken") {
  TcpServer server(Completion::kManual);
  RawClient client(server.endpoint());
  client.greet();
  client.send(get_request(1, "k"));
  REQUIRE(eventually([&] { return server.store.pending() == 1; }));
  std::promise<void> drained;
  auto done = drained.get_future();
  server.component->drain(std::chrono::steady_clock::now() + 10s, [&] { drained.set_value(); });
  const auto goaway = client.reply();
  CHECK(goaway->opcode == (static_cast<uint16_t>(Opcode::kGoaway) | kReplyBit));
  CHECK(done.wait_for(20ms) == std::future_status::timeout);
  client.send(get_request(2, "k"));
  CHECK(client.reply()->error().code() == StatusCode::DRAINING);
  server.store.complete_all();
  CHECK(client.reply()->id == 1);
  CHECK(done.wait_for(10s) == std::future_status::ready);
}

TEST_CASE("server: draining ends at its deadline") {
  TcpServer server(Completion::kManual);
  RawClient client(server.endpoint());
  client.greet();
  client.send(get_request(1, "k"));
  REQUIRE(eventually([&] { return server.store.pending() == 1; }));
  std::promise<void> drained;
  auto done = drained.get_future();
  server.component->drain(std::chrono::steady_clock::now() + 30ms, [&] { drained.set_value(); });
  CHECK(done.wait_for(10s) == std::future_status::ready);
  server.store.complete_all();
}

TEST_CASE("server: stop waits for the store's last answer") {
  TcpServer server(Completion::kManual);
  RawClient client(server.endpoint());
  client.greet();
  client.send(get_request(1, "k"));
  REQUIRE(eventually([&] { return server.store.pending() == 1; }));
  auto stopped = std::async(std::launch::async,
                            [&] { server.component->stop(std::chrono::steady_clock::now()); });
  CHECK(client.sees_end(5000));
  CHECK(stopped.wait_for(20ms) == std::future_status::timeout);
  server.store.complete_all();
  CHECK(stopped.wait_for(10s) == std::future_status::ready);
  CHECK(server.store.open_sessions() == 0);
}

TEST_CASE("server: a client that goes leaves nothing behind") {
  TcpServer server(Completion::kManual);
  {
    RawClient client(server.endpoint());
    client.greet();
    std::string open;
    RequestEncoder(open).cursor_open(1, {}, {KVH_RANGE_TO_END, "", ""});
    RequestEncoder(open).snapshot_open(2, {});
    client.send(open + get_request(3, "k"));
    CHECK(client.reply()->id == 1);
    CHECK(client.reply()->id == 2);
    REQUIRE(eventually([&] { return server.store.pending() == 1; }));
  }
  server.store.complete_all();
  CHECK(eventually([&] { return server.store.open_sessions() == 0; }));
  CHECK(eventually([&] { return server.host.metric("kvhost_tcp_connections") == 0; }));
  CHECK(server.store.open_cursors() == 0);
  CHECK(server.store.open_snapshots() == 0);
}

TEST_CASE("server: a half-closed client gets its answers, then the end") {
  TcpServer server(Completion::kManual);
  RawClient client(server.endpoint());
  client.greet();
  client.send(get_request(1, "k"));
  REQUIRE(eventually([&] { return server.store.pending() == 1; }));
  client.end_output();
  std::this_thread::sleep_for(10ms);
  server.store.complete_all();
  CHECK(client.reply()->id == 1);
  CHECK(client.sees_end(5000));
}

TEST_CASE("server: cancel hastens a pending request") {
  TcpServer server(Completion::kManual);
  RawClient client(server.endpoint());
  client.greet();
  client.send(get_request(1, "k"));
  REQUIRE(eventually([&] { return server.store.pending() == 1; }));
  std::string cancel;
  RequestEncoder(cancel).cancel(2, 1);
  client.send(cancel);
  CHECK(client.reply()->id == 2);
  CHECK(server.store.cancels() == 1);
  server.store.complete_all();
  const auto cancelled = client.reply();
  CHECK(cancelled->id == 1);
  CHECK(cancelled->error().code() == StatusCode::CANCELLED);
}

TEST_CASE("server: a taken port is named") {
  TcpServer server;
  kvhost::testing::FakeConfig config(kTcpOptions, {{"listen", server.endpoint()}});
  Context context(server.host.table());
  auto second = TcpTransport::create(context, Config(config.table()));
  REQUIRE(second);
  const Status status = (*second)->start();
  CHECK(status.code() == StatusCode::ADDRESS_IN_USE);
  CHECK(status.message().find(server.endpoint()) != std::string::npos);
}

TEST_CASE("server: info tells of connections") {
  TcpServer server;
  RawClient client(server.endpoint());
  client.greet();
  CHECK(server.component->info() ==
        R"({"listen":")" + server.endpoint() + R"(","connections":1,"protocol_version":1})");
}
