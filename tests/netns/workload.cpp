#include "workload.hpp"

#include <chrono>

#include "http_port.hpp"

namespace kvhost::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Clock = std::chrono::steady_clock;

constexpr milliseconds kPatience{2000};
// Keys change with time: the checker's work grows fast with the history of one key.
constexpr uint64_t kWindowNs = 6'000'000'000;
constexpr const char* kCounter = "counter";

// By the status table, whether a failed write certainly had no effect.
bool had_no_effect(const Status& status) {
  const int http = status.info().http_status;
  return (http >= 400 && http < 500) || http == 503 || http == 507;
}

void pause(std::mt19937_64& random) {
  std::this_thread::sleep_for(milliseconds(2 + random() % 12));
}

}  // namespace

uint64_t Workload::now() { return static_cast<uint64_t>(Clock::now().time_since_epoch().count()); }

Workload::Workload(Nodes& nodes, uint64_t seed, std::size_t value_bytes)
    : nodes_(nodes), seed_(seed), value_bytes_(value_bytes) {}

void Workload::start() {
  begun_ = now();
  uint64_t number = seed_ * 1000;
  for (int node = 0; node < nodes_.count(); ++node) {
    clients_.emplace_back([this, node, seed = ++number] { run_tcp(node, seed); });
    clients_.emplace_back([this, node, seed = ++number] { run_http(node, seed); });
  }
  clients_.emplace_back([this, seed = ++number] { run_counter(seed); });
}

void Workload::finish() {
  is_over_ = true;
  for (auto& client : clients_) client.join();
  clients_.clear();
}

// ---- what is asked

std::string Workload::pick_key(std::mt19937_64& random, bool is_write) {
  const std::string window = "w" + std::to_string((now() - begun_) / kWindowNs);
  const std::lock_guard lock(mutex_);
  if (is_write && random() % 8 == 0) {
    keys_.push_back("once" + std::to_string(history_.size()));
    return keys_.back();
  }
  std::string key = window + "-" + std::to_string(random() % 3);
  if (is_write && (keys_.empty() || keys_.back() != key)) keys_.push_back(key);
  return key;
}

std::string Workload::pick_value(const std::string& key, int client, uint64_t number) const {
  std::string value = std::to_string(client) + "-" + std::to_string(number);
  if (key.starts_with("once")) value.resize(std::max(value.size(), value_bytes_), '.');
  return value;
}

History::Id Workload::begin(bool is_write, const std::string& key,
                            std::optional<std::string> value) {
  const std::lock_guard lock(mutex_);
  return is_write ? history_.begin_write(key, std::move(value), now())
                  : history_.begin_read(key, now());
}

void Workload::end_write(History::Id id, const Status& status) {
  const std::lock_guard lock(mutex_);
  if (status.is_ok()) {
    history_.end(id, now());
  } else if (had_no_effect(status)) {
    history_.failed(id);
  }
}

void Workload::end_read(History::Id id, std::optional<std::string> value) {
  const std::lock_guard lock(mutex_);
  history_.end_read(id, std::move(value), now());
}

// ---- the clients

void Workload::run_tcp(int home, uint64_t seed) {
  std::mt19937_64 random(seed);
  const int number = next_client_++;
  std::optional<client::Client> client;
  for (uint64_t i = 0; !is_over_; ++i) {
    pause(random);
    // Now and then elsewhere: what one node told must hold at the others.
    const int node = random() % 4 == 0 ? static_cast<int>(random() % nodes_.count()) : home;
    if (!client || node != home || random() % 32 == 0) client = nodes_.connect(node, kPatience);
    if (!client) continue;
    const uint64_t what = random() % 32;
    const std::string key = pick_key(random, what < 16);
    Status status;
    if (what == 0) {
      const auto id = begin(true, key, std::nullopt);
      if (const auto erased = client->erase(key); !erased) status = erased.error();
      end_write(id, status);
    } else if (what < 16) {
      const std::string value = pick_value(key, number, i);
      const auto id = begin(true, key, value);
      if (const auto version = client->put(key, value); !version) status = version.error();
      end_write(id, status);
    } else {
      const auto id = begin(false, key, std::nullopt);
      const auto entry = client->get(key);
      if (entry) {
        end_read(id, *entry ? std::optional((*entry)->value) : std::nullopt);
      } else {
        status = entry.error();
      }
    }
    if (node != home || !status.is_ok()) client.reset();
  }
}

void Workload::run_http(int home, uint64_t seed) {
  std::mt19937_64 random(seed);
  const int number = next_client_++;
  HttpPort port(nodes_.http_host(home), Nodes::kHttpPort, kPatience);
  for (uint64_t i = 0; !is_over_; ++i) {
    pause(random);
    const bool is_write = random() % 2 == 0;
    const std::string key = pick_key(random, is_write);
    const std::string value = is_write ? pick_value(key, number, i) : "";
    const auto id =
        begin(is_write, key, is_write ? std::optional(value) : std::optional<std::string>());
    const HttpAnswer answer = port.ask(is_write ? "PUT" : "GET", key, value);
    if (!is_write) {
      if (answer.status == 200) end_read(id, answer.body);
      if (answer.status == 404) end_read(id, std::nullopt);
      continue;
    }
    if (answer.status == 200) {
      end_write(id, Status());
    } else if (!answer.was_sent || (answer.status >= 400 && answer.status < 500) ||
               answer.status == 503 || answer.status == 507) {
      end_write(id, Status(StatusCode::NO_QUORUM, answer.body));
    }
  }
}

void Workload::run_counter(uint64_t seed) {
  std::mt19937_64 random(seed);
  while (!is_over_) {
    pause(random);
    client::CallOptions options;
    options.request_id = "increment-" + std::to_string(increments_);
    // It is repeated, at any node, until somebody has acknowledged it: also after the end, when all
    // is healed.
    bool is_done = false;
    const auto limit = Clock::now() + seconds(60);
    std::string last = "no connection";
    while (!is_done && Clock::now() < limit) {
      auto client = nodes_.connect(static_cast<int>(random() % nodes_.count()), kPatience);
      if (!client) continue;
      const auto sum = client->increment(kCounter, 1, options);
      is_done = static_cast<bool>(sum);
      if (!sum) last = sum.error().to_string();
      // Whoever answers at last: it counts once, and the sum is the one that it made.
      if (sum && sum->value != static_cast<int64_t>(increments_) + 1 && counter_failure_.empty()) {
        counter_failure_ = options.request_id + " was answered with " + std::to_string(sum->value);
      }
    }
    if (!is_done) {
      counter_failure_ = options.request_id + " was not acknowledged within a minute: " + last;
      return;
    }
    ++increments_;
  }
}

// ---- the end

void Workload::read_all() {
  for (int node = 0; node < nodes_.count(); ++node) {
    auto client = nodes_.connect(node, seconds(10));
    if (!client) {
      counter_failure_ = Nodes::name(node) + " is not to be reached at the end";
      return;
    }
    for (std::size_t from = 0; from < keys_.size(); from += 200) {
      const std::vector<std::string> keys(
          keys_.begin() + static_cast<std::ptrdiff_t>(from),
          keys_.begin() + static_cast<std::ptrdiff_t>(std::min(from + 200, keys_.size())));
      std::vector<History::Id> ids;
      for (const auto& key : keys) ids.push_back(begin(false, key, std::nullopt));
      const auto entries = client->multi_get(keys);
      if (!entries) {
        counter_failure_ = Nodes::name(node) + " reads nothing: " + entries.error().to_string();
        return;
      }
      for (std::size_t i = 0; i < keys.size(); ++i) {
        const auto& entry = (*entries)[i];
        end_read(ids[i], entry ? std::optional(entry->value) : std::nullopt);
      }
    }
    const auto counter = client->get(kCounter);
    const std::string sum = counter && *counter ? (*counter)->value : "0";
    if (sum != std::to_string(increments_) && counter_failure_.empty()) {
      counter_failure_ = Nodes::name(node) + " counts " + sum + " where " +
                         std::to_string(increments_) + " increments were acknowledged";
    }
  }
}

std::string Workload::verdict() {
  return counter_failure_.empty() ? history_.check() : counter_failure_;
}

}  // namespace kvhost::testing
