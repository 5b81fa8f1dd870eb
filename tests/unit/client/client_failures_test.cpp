// What the client does when nodes are slow, gone, or going.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <future>
#include <string>
#include <thread>

#include "kvhost/client/client.hpp"
#include "unit/transport_tcp/tcp_server.hpp"

using namespace kvhost;
using kvhost::testing::Completion;
using kvhost::testing::TcpServer;
using namespace std::chrono_literals;

namespace {

client::ClientOptions options_for(std::vector<std::string> endpoints) {
  client::ClientOptions options;
  options.endpoints = std::move(endpoints);
  options.answer_grace = 20ms;
  return options;
}

client::CallOptions within(std::chrono::milliseconds timeout) {
  client::CallOptions options;
  options.timeout = timeout;
  return options;
}

// Accepts connections and says nothing.
class MuteServer {
 public:
  MuteServer() : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof(address);
    REQUIRE(::bind(socket_, reinterpret_cast<sockaddr*>(&address), length) == 0);
    REQUIRE(::listen(socket_, 8) == 0);
    REQUIRE(::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &length) == 0);
    endpoint = "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  }
  ~MuteServer() { ::close(socket_); }
  std::string endpoint;

 private:
  int socket_;
};

}  // namespace

TEST_CASE("client: nobody there") {
  std::string endpoint;
  {
    TcpServer server;
    endpoint = server.endpoint();
  }
  const auto made = client::Client::connect(options_for({endpoint}));
  REQUIRE_FALSE(made);
  CHECK(made.error().code() == StatusCode::CONNECTION_FAILED);
  CHECK(made.error().message().find(endpoint) != std::string::npos);
  CHECK(client::Client::connect(options_for({"nonsense"})).status().code() ==
        StatusCode::INVALID_ARGUMENT);
  CHECK(client::Client::connect(options_for({})).status().code() == StatusCode::INVALID_ARGUMENT);
}

TEST_CASE("client: a node that does not greet") {
  MuteServer mute;
  auto options = options_for({mute.endpoint});
  options.connect_timeout = 50ms;
  const auto begin = std::chrono::steady_clock::now();
  const auto made = client::Client::connect(options);
  CHECK(made.status().code() == StatusCode::CONNECTION_FAILED);
  CHECK(made.status().message().find("timed out") != std::string::npos);
  CHECK(std::chrono::steady_clock::now() - begin < 5s);
}

TEST_CASE("client: a deadline passes without a word") {
  TcpServer server(Completion::kManual);
  auto client = client::Client::connect(options_for({server.endpoint()}));
  REQUIRE(client);
  CHECK(client->get("k", within(30ms)).status().code() == StatusCode::DEADLINE_EXCEEDED);
  client::PutOptions put;
  put.timeout = 30ms;
  CHECK(client->put("k", "v", put).status().code() == StatusCode::OUTCOME_UNKNOWN);
  CHECK(client->get("k", within(0ms)).status().code() == StatusCode::INVALID_ARGUMENT);
  // Late answers disturb nobody.
  server.store.complete_all();
  server.store.set_completion(Completion::kAtOnce);
  CHECK((*client->get("k"))->value == "v");
}

TEST_CASE("client: it comes back when the node does") {
  TcpServer server;
  auto client = client::Client::connect(options_for({server.endpoint()}));
  REQUIRE(client->put("k", "1"));
  server.stop();
  CHECK(client->get("k").status().code() == StatusCode::CONNECTION_FAILED);
  CHECK(client->put("k", "2").status().code() == StatusCode::CONNECTION_FAILED);
  server.restart();
  CHECK((*client->get("k"))->value == "1");
}

TEST_CASE("client: the next endpoint serves when one is lost") {
  TcpServer first;
  TcpServer second;
  second.store.put("k", "of the second");
  auto client = client::Client::connect(options_for({first.endpoint(), second.endpoint()}));
  REQUIRE(client);
  CHECK_FALSE(client->get("k")->has_value());
  first.stop();
  CHECK((*client->get("k"))->value == "of the second");
  CHECK(client->node()->endpoint == second.endpoint());
}

TEST_CASE("client: a node that is not the leader is left for another") {
  TcpServer follower;
  TcpServer leader;
  auto client = client::Client::connect(options_for({follower.endpoint(), leader.endpoint()}));
  REQUIRE(client);
  follower.store.fail_next({StatusCode::NOT_LEADER, "ask the other"});
  REQUIRE(client->put("k", "v").status().to_string() == "ok");
  CHECK(leader.store.get("k") == "v");
}

TEST_CASE("client: a write under way when the connection is lost may have happened") {
  TcpServer server(Completion::kManual);
  auto client = client::Client::connect(options_for({server.endpoint()}));
  REQUIRE(client);
  std::promise<Status> written;
  std::promise<Status> got;
  client->async_put("k", "v", {}, [&](const auto& v) { written.set_value(v.status()); });
  client->async_get("k", {}, [&](const auto& v) { got.set_value(v.status()); });
  while (server.store.pending() != 2) std::this_thread::sleep_for(1ms);
  std::thread stopper([&] { server.stop(); });
  CHECK(written.get_future().get().code() == StatusCode::OUTCOME_UNKNOWN);
  CHECK(got.get_future().get().code() == StatusCode::CONNECTION_FAILED);
  server.store.complete_all();
  stopper.join();
}

TEST_CASE("client: a draining node finishes, then the next one is asked") {
  TcpServer first(Completion::kManual);
  TcpServer second;
  auto client = client::Client::connect(options_for({first.endpoint(), second.endpoint()}));
  REQUIRE(client);
  std::promise<Status> written;
  client->async_put("k", "v", {}, [&](const auto& v) { written.set_value(v.status()); });
  while (first.store.pending() != 1) std::this_thread::sleep_for(1ms);
  std::promise<void> drained;
  first.component->drain(std::chrono::steady_clock::now() + 10s, [&] { drained.set_value(); });
  // Either it has heard the farewell, or it is told that nothing was executed: both lead on.
  CHECK(client->put("other", "v").status().to_string() == "ok");
  CHECK(second.store.get("other") == "v");
  first.store.complete_all();
  CHECK(written.get_future().get().is_ok());
  CHECK(drained.get_future().wait_for(10s) == std::future_status::ready);
}

TEST_CASE("client: calls wait for room among those in flight") {
  TcpServer server(Completion::kManual, {{"max_in_flight", "8"}});
  auto client = client::Client::connect(options_for({server.endpoint()}));
  REQUIRE(client);
  std::atomic<int> done{0};
  for (int i = 0; i < 8; ++i) {
    client->async_get("k", {}, [&](const auto&) { ++done; });
  }
  const auto full = client->get("k", within(30ms));
  CHECK(full.status().code() == StatusCode::DEADLINE_EXCEEDED);
  CHECK(full.status().message().find("not sent") != std::string::npos);
  server.store.complete_all();
  while (done != 8) server.store.complete_all();
  server.store.set_completion(Completion::kAtOnce);
  CHECK(client->get("k").status().is_ok());
}

TEST_CASE("client: its end completes what is pending") {
  TcpServer server(Completion::kManual);
  Status status;
  {
    auto client = client::Client::connect(options_for({server.endpoint()}));
    client->async_get("k", {}, [&](const auto& entry) { status = entry.status(); });
  }
  CHECK(status.code() == StatusCode::CONNECTION_FAILED);
  server.store.complete_all();
}

TEST_CASE("client: an idle connection that the node closed is replaced without a word") {
  TcpServer server(Completion::kAtOnce, {{"idle_timeout", "20ms"}, {"handshake_timeout", "10ms"}});
  auto client = client::Client::connect(options_for({server.endpoint()}));
  for (int i = 0; i < 5; ++i) {
    REQUIRE(client->put("k", "v").status().to_string() == "ok");
    std::this_thread::sleep_for(40ms);
  }
}
