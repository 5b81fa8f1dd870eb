// Every call of the client against the real component over a socket.
#include <atomic>
#include <catch2/catch.hpp>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include "kvhost/client/client.hpp"
#include "unit/transport_tcp/tcp_server.hpp"

using namespace kvhost;
using kvhost::testing::Completion;
using kvhost::testing::TcpServer;
using namespace std::chrono_literals;

namespace {

client::Client connect(const TcpServer& server) {
  client::ClientOptions options;
  options.endpoints = {server.endpoint()};
  auto made = client::Client::connect(options);
  REQUIRE(made.status().to_string() == "ok");
  return std::move(*made);
}

}  // namespace

TEST_CASE("client: put, get and delete") {
  const auto completion = GENERATE(Completion::kAtOnce, Completion::kThread);
  TcpServer server(completion);
  auto client = connect(server);

  const auto version = client.put("mykey", "myvalue");
  REQUIRE(version.status().to_string() == "ok");
  auto entry = client.get("mykey");
  REQUIRE(entry);
  REQUIRE(entry->has_value());
  CHECK((*entry)->key == "mykey");
  CHECK((*entry)->value == "myvalue");
  CHECK((*entry)->version == *version);
  CHECK((*entry)->ttl_ms == 0);

  client::EraseOptions ask;
  ask.want_existed = true;
  const auto erased = client.erase("mykey", ask);
  REQUIRE(erased);
  CHECK(erased->existed);
  CHECK_FALSE(client.erase("mykey", ask)->existed);
  entry = client.get("mykey");
  REQUIRE(entry);
  CHECK_FALSE(entry->has_value());
}

TEST_CASE("client: keys and values are any bytes") {
  TcpServer server;
  auto client = connect(server);
  const std::string key("\0\xff\r\n\x80", 5);
  const std::string value(3 << 20, '\xfe');
  REQUIRE(client.put(key, value));
  REQUIRE(client.put("", "of the empty key"));
  CHECK((*client.get(key))->value == value);
  CHECK((*client.get(""))->value == "of the empty key");
}

TEST_CASE("client: a ttl goes there and comes back") {
  TcpServer server;
  auto client = connect(server);
  client::PutOptions options;
  options.ttl = 60s;
  REQUIRE(client.put("k", "v", options));
  const auto entry = client.get("k");
  CHECK((*entry)->ttl_ms == 60'000);
  CHECK((*entry)->expires_at_ms == 1'700'000'060'000);
  server.store.advance(60'000);
  CHECK_FALSE(client.get("k")->has_value());
}

TEST_CASE("client: a batch happens as a whole, and a failed condition is an answer") {
  TcpServer server;
  auto client = connect(server);
  client::WriteBatch batch;
  batch.put("a", "1").put("b", "2").increment("n", 5).erase("absent", true).require_absent("a");
  auto result = client.write(batch);
  REQUIRE(result);
  CHECK(result->applied);
  REQUIRE(result->items.size() == 4);
  CHECK(result->items[2].number == 5);
  CHECK_FALSE(result->items[3].existed);

  result = client.write(batch);
  REQUIRE(result);
  CHECK_FALSE(result->applied);
  REQUIRE(result->failed.size() == 1);
  CHECK(result->failed[0].index == 0);
  CHECK(result->failed[0].current_version == 1);

  client::WriteBatch second;
  second.erase_range("a", "c").require_version("a", 1).require_value("b", "2").require_present("n");
  CHECK(client.write(second)->applied);
  CHECK_FALSE(client.get("a")->has_value());
  CHECK(client.increment("n", -7)->value == -2);
}

TEST_CASE("client: a failing operation says why") {
  TcpServer server;
  auto client = connect(server);
  REQUIRE(client.put("word", "seven"));
  const auto sum = client.increment("word", 1);
  REQUIRE_FALSE(sum);
  CHECK(sum.error().code() == StatusCode::NOT_A_NUMBER);
  CHECK(sum.error().message().find("64-bit") != std::string::npos);
  server.store.fail_next({StatusCode::NO_SPACE, "the disk is full"});
  CHECK(client.put("k", "v").status().to_string() == "no-space: the disk is full");
  CHECK(client.write({}).status().code() == StatusCode::INVALID_ARGUMENT);
}

TEST_CASE("client: many keys at once") {
  TcpServer server;
  auto client = connect(server);
  REQUIRE(client.put("a", "1"));
  REQUIRE(client.put("c", "3"));
  const std::vector<std::string> keys = {"c", "b", "a"};
  const auto entries = client.multi_get(keys);
  REQUIRE(entries);
  REQUIRE(entries->size() == 3);
  CHECK((*entries)[0]->value == "3");
  CHECK_FALSE((*entries)[1]);
  CHECK((*entries)[2]->key == "a");
}

TEST_CASE("client: a scan pages through a range, both ways") {
  const auto completion = GENERATE(Completion::kAtOnce, Completion::kThread);
  TcpServer server(completion);
  auto client = connect(server);
  for (int i = 0; i < 25; ++i) server.store.put("key" + std::to_string(100 + i), "v");
  server.store.put("other", "v");

  const bool reverse = GENERATE(false, true);
  auto range = client::Range::with_prefix("key");
  range.reverse = reverse;
  client::ScanOptions options;
  options.max_rows = 10;
  std::vector<std::string> keys;
  std::vector<std::size_t> pages;
  std::optional<client::Range> next = range;
  while (next) {
    const auto page = client.scan(*next, options);
    REQUIRE(page.status().to_string() == "ok");
    pages.push_back(page->rows.size());
    for (const auto& row : page->rows) keys.push_back(row.key);
    next = page->next;
  }
  CHECK(pages == std::vector<std::size_t>{10, 10, 5});
  REQUIRE(keys.size() == 25);
  if (reverse) std::reverse(keys.begin(), keys.end());
  CHECK(std::is_sorted(keys.begin(), keys.end()));
  CHECK(keys.front() == "key100");
  CHECK(server.store.open_cursors() == 0);
}

TEST_CASE("client: a scan's page is bounded by bytes, too") {
  TcpServer server;
  auto client = connect(server);
  for (int i = 0; i < 10; ++i) server.store.put("k" + std::to_string(i), std::string(1000, 'v'));
  client::ScanOptions options;
  options.max_bytes = 2500;
  const auto page = client.scan({}, options);
  REQUIRE(page);
  CHECK(page->rows.size() == 3);
  CHECK(page->next.has_value());
}

TEST_CASE("client: a cursor and a snapshot read one state") {
  TcpServer server;
  auto client = connect(server);
  for (int i = 0; i < 5; ++i) server.store.put("k" + std::to_string(i), "old");
  const auto snapshot = client.open_snapshot();
  REQUIRE(snapshot);
  {
    auto cursor = client.open_cursor({});
    REQUIRE(cursor);
    REQUIRE(client.put("k4", "new"));
    REQUIRE(client.put("k5", "new"));
    CHECK(cursor->next(3)->size() == 3);
    const auto rest = cursor->next(3);
    REQUIRE(rest->size() == 2);
    CHECK((*rest)[1].value == "old");
    CHECK(cursor->next(3)->empty());
  }
  client::CallOptions options;
  options.snapshot = *snapshot;
  CHECK((*client.get("k4", options))->value == "old");
  CHECK((*client.get("k4"))->value == "new");
  CHECK(client.close_snapshot(*snapshot).is_ok());
  CHECK(server.store.open_snapshots() == 0);
  CHECK(server.store.open_cursors() == 0);
}

TEST_CASE("client: what a call says reaches the store") {
  TcpServer server;
  auto client = connect(server);
  client::PutOptions options;
  options.space = 7;
  options.request_id = "once";
  options.trace = "00-trace-01";
  options.timeout = 10s;
  const uint64_t before = tcp::monotonic_ns();
  REQUIRE(client.put("k", "v", options));
  const auto seen = server.store.last_call();
  CHECK(seen.space == 7);
  CHECK(seen.request_id == "once");
  CHECK(seen.trace == "00-trace-01");
  CHECK(seen.deadline_ns > before + 9'000'000'000);
  CHECK(seen.deadline_ns < before + 11'000'000'000);
  CHECK(server.store.get("k", 7) == "v");
  const uint64_t version = server.store.version();
  REQUIRE(client.put("k", "v", options));
  CHECK(server.store.version() == version);

  client::CallOptions read;
  read.space = 7;
  read.read_level = ReadLevel::kLinearizable;
  CHECK((*client.get("k", read))->value == "v");
  CHECK(server.store.last_call().read_level == KVH_READ_LINEARIZABLE);
}

TEST_CASE("client: commands, info and ping") {
  TcpServer server;
  auto client = connect(server);
  CHECK(*client.command("flush", "{}") == R"({"done":true})");
  CHECK(client.command("nonsense", "{}").status().code() == StatusCode::UNKNOWN_ROUTE);
  CHECK(*client.info("status") == R"({"node_id":"fake"})");
  CHECK(client.info("nonsense").status().code() == StatusCode::UNKNOWN_ROUTE);
  CHECK(client.ping().is_ok());
  CHECK(client.node()->node_id == "node1");
  CHECK(client.node()->max_value_bytes == uint64_t{64} << 20);
}

TEST_CASE("client: thousands of asynchronous calls from many threads") {
  const auto completion = GENERATE(Completion::kAtOnce, Completion::kThread);
  TcpServer server(completion);
  auto client = connect(server);
  constexpr int kThreads = 4;
  constexpr int kCalls = 2000;
  std::atomic<int> done{0};
  std::atomic<int> wrong{0};
  std::promise<void> all;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kCalls; ++i) {
        const std::string key = std::to_string(t) + ":" + std::to_string(i);
        client.async_put(key, key, {}, [&](const Result<uint64_t>& version) {
          if (!version) ++wrong;
          if (++done == kThreads * kCalls) all.set_value();
        });
      }
    });
  }
  for (auto& thread : threads) thread.join();
  REQUIRE(all.get_future().wait_for(20s) == std::future_status::ready);
  CHECK(wrong == 0);
  CHECK(server.store.version() == kThreads * kCalls);
  CHECK(server.host.metric("kvhost_tcp_requests_total{write,ok}") == kThreads * kCalls);
  CHECK(server.host.metric("kvhost_tcp_request_duration_seconds{write}") == kThreads * kCalls);
}

TEST_CASE("client: a callback may issue the next call") {
  TcpServer server;
  auto client = connect(server);
  std::promise<void> end;
  std::function<void(int)> next = [&](int i) {
    client.async_put("k" + std::to_string(i), "v", {}, [&, i](const Result<uint64_t>&) {
      if (i == 0) return end.set_value();
      next(i - 1);
    });
  };
  next(500);
  REQUIRE(end.get_future().wait_for(20s) == std::future_status::ready);
  CHECK(server.store.version() == 501);
}
