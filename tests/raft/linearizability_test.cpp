// Clients write and read a few keys at all nodes, while nodes are killed and paused; afterwards
// every key's history must be explicable, every node must take writes again and hold the same.
//   KVHOST_RAFT_SECONDS=60 KVHOST_RAFT_SEED=7 test_raft "raft: linearizable*"
#include "support/linearizability.hpp"

#include <signal.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <mutex>
#include <random>
#include <thread>

#include "raft_cluster.hpp"

namespace kvhost::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Clock = std::chrono::steady_clock;

uint64_t from_environment(const char* name, uint64_t otherwise) {
  const char* const text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

struct Shared {
  RaftCluster& cluster;
  std::atomic<bool> is_over{false};
  std::mutex mutex;
  History history;
  uint64_t answered = 0;

  static uint64_t now() { return static_cast<uint64_t>(Clock::now().time_since_epoch().count()); }
};

// Whether a failed write certainly had no effect.
bool had_no_effect(StatusCode code) {
  return code == StatusCode::NO_QUORUM || code == StatusCode::NOT_LEADER ||
         code == StatusCode::STARTING || code == StatusCode::DRAINING ||
         code == StatusCode::OVERLOADED || code == StatusCode::DEADLINE_EXCEEDED ||
         code == StatusCode::CONNECTION_FAILED;
}

void write_once(Shared& shared, client::Client& client, const std::string& key,
                const std::string& value, bool& is_connected) {
  History::Id id = 0;
  {
    const std::lock_guard lock(shared.mutex);
    id = shared.history.begin_write(key, value, Shared::now());
  }
  const auto version = client.put(key, value);
  const std::lock_guard lock(shared.mutex);
  if (version) {
    shared.history.end(id, Shared::now());
    ++shared.answered;
    return;
  }
  if (had_no_effect(version.error().code())) shared.history.failed(id);
  is_connected = version.error().code() != StatusCode::CONNECTION_FAILED;
}

void read_once(Shared& shared, client::Client& client, const std::string& key, bool& is_connected) {
  History::Id id = 0;
  {
    const std::lock_guard lock(shared.mutex);
    id = shared.history.begin_read(key, Shared::now());
  }
  const auto entry = client.get(key);
  const std::lock_guard lock(shared.mutex);
  if (!entry) {
    is_connected = entry.error().code() != StatusCode::CONNECTION_FAILED;
    return;
  }
  shared.history.end_read(id, *entry ? std::optional((*entry)->value) : std::nullopt,
                          Shared::now());
  ++shared.answered;
}

void run_client(Shared& shared, std::size_t number, uint64_t seed) {
  std::mt19937_64 random(seed * 1000 + number);
  std::optional<client::Client> client;
  bool is_connected = false;
  for (uint64_t i = 0; !shared.is_over; ++i) {
    if (!client || !is_connected) {
      client = shared.cluster.connect(shared.cluster.names()[(number + i) % 3], seconds(2));
      is_connected = client.has_value();
      if (!client) std::this_thread::sleep_for(milliseconds(20));
      continue;
    }
    const std::string key = "key" + std::to_string(random() % 4);
    if (random() % 2 == 0) {
      write_once(shared, *client, key, std::to_string(number) + "-" + std::to_string(i),
                 is_connected);
    } else {
      read_once(shared, *client, key, is_connected);
    }
    // So slow that the checker's work stays small.
    std::this_thread::sleep_for(milliseconds(2 + random() % 10));
  }
}

}  // namespace

TEST_CASE("raft: linearizable while nodes are killed and paused") {
  const uint64_t seed = from_environment("KVHOST_RAFT_SEED", 1);
  const auto length = seconds(from_environment("KVHOST_RAFT_SECONDS", 8));
  INFO("seed " << seed);
  RaftCluster cluster(3, "log_retention = \"1MiB\"\n");
  cluster.start_all();
  Shared shared{.cluster = cluster, .mutex = {}, .history = {}};
  std::vector<std::thread> clients;
  for (std::size_t i = 0; i < 5; ++i) {
    clients.emplace_back([&shared, i, seed] { run_client(shared, i, seed); });
  }
  std::mt19937_64 random(seed);
  const auto end = Clock::now() + length;
  int kills = 0;
  int pauses = 0;
  while (Clock::now() < end) {
    std::this_thread::sleep_for(milliseconds(300 + random() % 700));
    const auto& name = cluster.names()[random() % 3];
    if (random() % 2 == 0) {
      cluster.kill(name);
      ++kills;
      std::this_thread::sleep_for(milliseconds(random() % 1500));
      cluster.start(name);
    } else {
      cluster.signal(name, SIGSTOP);
      ++pauses;
      std::this_thread::sleep_for(milliseconds(200 + random() % 2000));
      cluster.signal(name, SIGCONT);
    }
  }
  // Healed, every node takes writes.
  for (const auto& name : cluster.names()) CHECK(cluster.takes_writes(name));
  shared.is_over = true;
  for (auto& client : clients) client.join();
  const std::string verdict = shared.history.check();
  INFO(kills << " kills, " << pauses << " pauses, " << shared.answered << " answers");
  CHECK(verdict == "");
  CHECK(shared.answered > 20);
  CHECK(cluster.digests_agree(cluster.names()));
  WARN("seed " << seed << ": " << kills << " kills, " << pauses << " pauses, " << shared.answered
               << " answers, linearizable: " << (verdict.empty() ? "yes" : "no"));
}

}  // namespace kvhost::testing
