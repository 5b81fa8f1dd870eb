// The whole transport over loopback: threads, limits, drain and stop.
#include <atomic>
#include <catch2/catch.hpp>
#include <future>
#include <thread>

#include "answers.hpp"
#include "net/http_transport.hpp"
#include "socket_client.hpp"
#include "support/fake_host.hpp"
#include "support/fake_store.hpp"

using namespace kvhost;
using namespace kvhost::http;
using namespace kvhost::http::testing;
using kvhost::testing::Completion;
using kvhost::testing::FakeConfig;
using kvhost::testing::FakeHost;
using kvhost::testing::FakeStore;

namespace {

class RunningTransport {
 public:
  explicit RunningTransport(Completion completion = Completion::kThread,
                            std::map<std::string, std::string> options = {})
      : store(completion), host(store.table()) {
    options.emplace("listen", "127.0.0.1:0");
    FakeConfig config(HttpTransport::kOptions, std::move(options));
    Context context(host.table());
    auto made = HttpTransport::create(context, Config(config.table()));
    REQUIRE(made);
    transport = std::move(*made);
    const Status started = transport->start();
    INFO(started.to_string());
    REQUIRE(started.is_ok());
  }
  ~RunningTransport() {
    if (transport) transport->stop(Deadline::max());
  }
  std::string address() const { return transport->addresses().at(0); }

  FakeStore store;
  FakeHost host;
  std::unique_ptr<HttpTransport> transport;
};

const std::string kPut =
    "PUT /k HTTP/1.1\r\nHost: x\r\nContent-Length: 13\r\n\r\n{\"value\":\"v\"}";
const std::string kGet = "GET /k HTTP/1.1\r\nHost: x\r\n\r\n";
const std::string kGetAndClose = "GET /k HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

template <typename Condition>
bool eventually(Condition condition) {
  for (int i = 0; i < 1000; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

}  // namespace

TEST_CASE("a client puts and gets over a socket") {
  for (const auto completion : {Completion::kAtOnce, Completion::kThread}) {
    RunningTransport http(completion);
    const SocketClient client(http.address());
    CHECK(client.send(kPut + kGet + kGetAndClose));
    const auto answers = read_answers(client.receive_all());
    REQUIRE(answers.size() == 3);
    CHECK(answers[0].status == 200);
    CHECK(answers[2].json().at("value").as_string() == "v");
    CHECK(eventually([&] { return http.host.metric("kvhost_http_connections") == 0; }));
    CHECK(eventually([&] { return http.store.open_sessions() == 0; }));
  }
}

TEST_CASE("a peer that shuts its side down still gets its answers") {
  RunningTransport http;
  const SocketClient client(http.address());
  CHECK(client.send(kPut + kGet));
  client.end_sending();
  CHECK(read_answers(client.receive_all()).size() == 2);
}

TEST_CASE("many clients at once each get their own answers") {
  RunningTransport http;
  std::atomic<int> good{0};
  std::vector<std::thread> clients;
  for (int c = 0; c < 8; ++c) {
    clients.emplace_back([&, c] {
      const SocketClient client(http.address());
      const std::string key = "/c" + std::to_string(c);
      std::string requests;
      for (int i = 0; i < 50; ++i) {
        const std::string body = "{\"value\":\"" + std::to_string(i) + "\"}";
        requests += "PUT " + key +
                    " HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(body.size()) +
                    "\r\n\r\n" + body + "GET " + key + " HTTP/1.1\r\nHost: x\r\n" +
                    (i == 49 ? "Connection: close\r\n" : "") + "\r\n";
      }
      client.send(requests);
      const auto answers = read_answers(client.receive_all());
      for (std::size_t i = 1; i < answers.size(); i += 2) {
        const auto value = answers[i].json().at("value").as_string();
        if (value == std::to_string(i / 2)) ++good;
      }
    });
  }
  for (auto& client : clients) client.join();
  CHECK(good == 400);
}

TEST_CASE("beyond the limit on connections a client is told 503, later there is room again") {
  RunningTransport http(Completion::kThread, {{"max_connections", "2"}});
  auto first = std::make_unique<SocketClient>(http.address());
  const SocketClient second(http.address());
  CHECK(first->send(kGet));
  CHECK(second.send(kGet));
  CHECK_FALSE(first->receive().empty());
  CHECK_FALSE(second.receive().empty());
  const SocketClient third(http.address());
  CHECK(third.send(kGet));
  const auto refused = read_answers(third.receive_all());
  REQUIRE(refused.size() == 1);
  CHECK(refused[0].status == 503);
  CHECK(refused[0].header("retry-after") == "1");
  CHECK(refused[0].header("connection") == "close");
  first.reset();
  CHECK(eventually([&] {
    const SocketClient again(http.address());
    again.send(kGetAndClose);
    return again.receive_all().find("404") != std::string::npos;
  }));
}

TEST_CASE("slow heads and idle connections are ended") {
  RunningTransport http(Completion::kThread,
                        {{"header_timeout", "50ms"}, {"idle_timeout", "50ms"}});
  const SocketClient slow(http.address());
  CHECK(slow.send("GET /k HT"));
  CHECK(read_answers(slow.receive_all()).at(0).status == 408);
  const SocketClient idle(http.address());
  CHECK(idle.receive_all().empty());
}

TEST_CASE("a client that is refused in the middle of its body reads why") {
  RunningTransport http;
  http.host.node();
  const SocketClient client(http.address());
  client.send(
      "PUT /k HTTP/1.1\r\nHost: x\r\nContent-Type: application/octet-stream\r\n"
      "Content-Length: 999999999\r\n\r\n");
  const std::string piece(1 << 20, 'x');
  for (int i = 0; i < 8; ++i) client.send(piece);
  CHECK(read_answers(client.receive_all()).at(0).status == 413);
}

TEST_CASE("a reader that stops reading is cut off and holds little") {
  RunningTransport http(Completion::kThread, {{"write_timeout", "100ms"}});
  http.store.put("k", std::string(1 << 20, 'x'));
  const SocketClient client(http.address());
  std::string requests;
  for (int i = 0; i < 100; ++i) requests += kGet;
  CHECK(client.send(requests));
  CHECK(eventually(
      [&] { return http.host.metric("kvhost_http_connections") == 0 && http.store.calls() > 0; }));
  CHECK(http.store.calls() < 100);
}

TEST_CASE("a drain lets go of idle clients, finishes what was taken and refuses new ones") {
  RunningTransport http(Completion::kManual);
  const SocketClient idle(http.address());
  const SocketClient busy(http.address());
  CHECK(busy.send(kGet));
  CHECK(eventually([&] { return http.store.pending() == 1; }));
  std::promise<void> drained;
  auto is_drained = drained.get_future();
  http.transport->drain(std::chrono::steady_clock::now() + std::chrono::seconds(30),
                        [&] { drained.set_value(); });
  CHECK(idle.receive_all().empty());
  CHECK_THROWS(SocketClient(http.address()).receive());
  CHECK(is_drained.wait_for(std::chrono::milliseconds(20)) == std::future_status::timeout);
  http.store.complete_all();
  const auto answers = read_answers(busy.receive_all());
  REQUIRE(answers.size() == 1);
  CHECK(answers[0].header("connection") == "close");
  CHECK(is_drained.wait_for(std::chrono::seconds(10)) == std::future_status::ready);
}

TEST_CASE("a drain ends at its deadline, and stop waits for the store's last answer") {
  RunningTransport http(Completion::kManual);
  const SocketClient busy(http.address());
  CHECK(busy.send(kGet));
  CHECK(eventually([&] { return http.store.pending() == 1; }));
  std::promise<void> drained;
  http.transport->drain(std::chrono::steady_clock::now() + std::chrono::milliseconds(50),
                        [&] { drained.set_value(); });
  CHECK(drained.get_future().wait_for(std::chrono::seconds(10)) == std::future_status::ready);
  auto stopped = std::async(std::launch::async, [&] { http.transport->stop(Deadline::max()); });
  CHECK(eventually([&] { return http.store.cancels() == 1; }));
  CHECK(stopped.wait_for(std::chrono::milliseconds(20)) == std::future_status::timeout);
  http.store.complete_all();
  CHECK(stopped.wait_for(std::chrono::seconds(10)) == std::future_status::ready);
  CHECK(http.store.open_sessions() == 0);
}

TEST_CASE("a taken port is ADDRESS_IN_USE, a wrong address says what is expected") {
  RunningTransport http;
  FakeStore store;
  FakeHost host(store.table());
  Context context(host.table());
  const auto start = [&](const std::string& listen) {
    FakeConfig config(HttpTransport::kOptions, {{"listen", listen}});
    auto made = HttpTransport::create(context, Config(config.table()));
    REQUIRE(made);
    return (*made)->start();
  };
  const Status taken = start(http.address());
  CHECK(taken.code() == StatusCode::ADDRESS_IN_USE);
  CHECK_THAT(taken.message(), Catch::Contains(http.address()));
  CHECK(start("8080").code() == StatusCode::INVALID_ARGUMENT);
  CHECK(start("127.0.0.1:").code() == StatusCode::INVALID_ARGUMENT);
  CHECK(start("127.0.0.1:99999").code() == StatusCode::INVALID_ARGUMENT);
  CHECK(start("127.0.0.1:0").is_ok());
}

TEST_CASE("what is listened on and how many clients there are shows in the info") {
  RunningTransport http;
  const SocketClient client(http.address());
  CHECK(client.send(kGet));
  CHECK_FALSE(client.receive().empty());
  const auto info = boost::json::parse(http.transport->info()).as_object();
  CHECK(info.at("listen").as_string() == http.address());
  CHECK(info.at("connections").as_int64() == 1);
}
