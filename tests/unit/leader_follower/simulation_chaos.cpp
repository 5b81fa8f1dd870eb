// What goes wrong in a simulated cluster, and what must hold all the same.
#include <algorithm>
#include <memory>
#include <utility>

#include "kvhost/abi/replication.h"
#include "unit/leader_follower/simulation.hpp"

namespace kvhost::leader_follower::testing {
namespace {

constexpr Nanos kDeadline = 1500 * kMillisecond;

}  // namespace

// ---- clients

void Simulation::complete(uint64_t request, const Status& status, const std::string& value) {
  const auto at = client_ops_.find(request);
  if (at == client_ops_.end()) return;
  const ClientOp op = std::move(at->second);
  client_ops_.erase(at);
  op.handler(status, value);
}

void Simulation::put(SimNode& node, const std::string& key, const std::string& value,
                     Handler handler) {
  const uint64_t request = next_client_request_++;
  client_ops_[request] = {key, true, std::move(handler), number_of(node)};
  at(kDeadline, [this, request] {
    complete(request, Status(StatusCode::OUTCOME_UNKNOWN, "the deadline passed"), "");
  });
  if (!node.is_alive()) {
    return complete(request, Status(StatusCode::CONNECTION_FAILED, "the node is down"), "");
  }
  feed(node, [&](Replica& replica, Actions& out) {
    replica.propose({0, request}, now_ + kDeadline, {draft_payload(key + "=" + value)}, now_, out);
  });
}

void Simulation::get(SimNode& node, const std::string& key, uint32_t level, Handler handler) {
  const uint64_t request = next_client_request_++;
  client_ops_[request] = {key, false, std::move(handler), number_of(node)};
  at(kDeadline, [this, request] {
    complete(request, Status(StatusCode::DEADLINE_EXCEEDED, "the deadline passed"), "");
  });
  if (!node.is_alive()) {
    return complete(request, Status(StatusCode::CONNECTION_FAILED, "the node is down"), "");
  }
  feed(node, [&](Replica& replica, Actions& out) {
    replica.read({0, request}, level, now_ + kDeadline, now_, out);
  });
}

bool Simulation::put_and_wait(SimNode& node, const std::string& key, const std::string& value) {
  const auto ended = std::make_shared<std::optional<Status>>();
  put(node, key, value, [ended](const Status& status, const std::string&) { *ended = status; });
  run_until([&] { return ended->has_value(); }, 3 * kSecond);
  return ended->has_value() && (*ended)->is_ok();
}

void Simulation::schedule_client() {
  at(some_time(1, 8) * kMillisecond, [this] {
    if (!is_chaotic_) return;
    schedule_client();
    if (client_ops_.size() >= 10) return;
    SimNode& node = nodes_[random(nodes_.size())];
    if (!node.is_alive()) return;
    const std::string key = "k" + std::to_string(random(3));
    if (chance(0.5)) {
      const std::string value = "v" + std::to_string(next_value_++);
      const auto id = history_.begin_write(key, value, now_);
      put(node, key, value, [this, id](const Status& status, const std::string&) {
        if (status.is_ok()) {
          ++counts_.acknowledged;
          history_.end(id, now_);
        } else if (status.code() == StatusCode::OUTCOME_UNKNOWN) {
          ++counts_.unknown;
        } else {
          ++counts_.refused;
          history_.failed(id);
        }
      });
    } else {
      const auto id = history_.begin_read(key, now_);
      const uint32_t level =
          options_.reads_without_quorum ? KVH_READ_LEADER : KVH_READ_LINEARIZABLE;
      get(node, key, level, [this, id](const Status& status, const std::string& value) {
        if (!status.is_ok()) return;
        ++counts_.acknowledged;
        history_.end_read(id, value.empty() ? std::nullopt : std::optional(value), now_);
      });
    }
  });
}

// ---- faults

void Simulation::schedule_chaos() {
  at(some_time(40, 250) * kMillisecond, [this] {
    if (!is_chaotic_) return;
    schedule_chaos();
    cause_trouble();
  });
}

void Simulation::cause_trouble() {
  SimNode& node = nodes_[random(nodes_.size())];
  const std::size_t self = number_of(node);
  switch (random(11)) {
    case 0:
    case 1:
      crash(node);
      at(some_time(20, 900) * kMillisecond, [this, &node] {
        if (!node.is_alive()) start(node);
      });
      break;
    case 2:
    case 3:  // cut off: both ways, or one way
      ++counts_.partitions;
      for (std::size_t i = 0; i < nodes_.size(); ++i) {
        if (i == self) continue;
        const uint64_t way = random(3);
        if (way != 0) block(self, i, true);
        if (way != 1) block(i, self, true);
        if (chance(0.4)) drop_link(self, i);
      }
      at(some_time(50, 1200) * kMillisecond, [this] { blocked_.clear(); });
      break;
    case 4: {  // one link
      ++counts_.partitions;
      const std::size_t other = random(nodes_.size());
      if (other == self) break;
      block(self, other, true);
      if (chance(0.5)) block(other, self, true);
      break;
    }
    case 5:
      blocked_.clear();
      break;
    case 6:
      if (!node.is_alive()) break;
      ++counts_.pauses;
      node.is_paused = true;
      at(some_time(20, 1500) * kMillisecond, [&node] { node.is_paused = false; });
      break;
    case 7:
      node.clock_shift_ms += static_cast<int64_t>(random(20'000)) - 10'000;
      break;
    case 8:
      if (node.is_alive() && !node.is_paused) promote(node);
      break;
    case 9:
      disk_delay_ = some_time(1, 40) * kMillisecond;
      at(some_time(50, 500) * kMillisecond, [this] { disk_delay_ = 300'000; });
      break;
    case 10:
      drop_link(self, random(nodes_.size()) == self ? (self + 1) % nodes_.size() : self);
      break;
  }
}

// ---- the whole

std::string Simulation::run() {
  start_all();
  if (!run_until([this] { return serving() != nullptr; }, 5 * kSecond)) {
    violated("the cluster was not formed");
    return problem_;
  }
  is_chaotic_ = true;
  schedule_client();
  schedule_client();
  if (options_.has_faults) {
    loss_ = 0.01;
    failpoint_ = 0.002;
    schedule_chaos();
  }
  run_for(options_.chaos);
  is_chaotic_ = false;
  return heal_and_check();
}

std::string Simulation::heal_and_check() {
  loss_ = failpoint_ = 0;
  blocked_.clear();
  disk_delay_ = 300'000;
  for (auto& node : nodes_) {
    node.is_paused = false;
    if (!node.is_alive() && problem_.empty()) start(node);
  }
  run_for(kDeadline + 100 * kMillisecond);
  // An operator promotes somebody when nobody serves.
  for (int attempt = 0; attempt < 10 && problem_.empty() && serving() == nullptr; ++attempt) {
    promote(nodes_[random(nodes_.size())]);
    run_until([this] { return serving() != nullptr; }, 1500 * kMillisecond);
  }
  for (auto& node : nodes_) {
    bool has_written = false;
    const Nanos limit = now_ + 20 * kSecond;
    while (problem_.empty() && !has_written && now_ < limit) {
      has_written = put_and_wait(node, "healed", "by " + node.id + std::to_string(now_));
    }
    if (!has_written) violated("after healing " + node.id + " accepts no write within 20 s");
  }
  const auto is_settled = [this] {
    for (const auto& node : nodes_) {
      const auto& first = nodes_.front();
      if (!node.is_alive() || node.data.applied != first.data.applied) return false;
    }
    return true;
  };
  if (!run_until(is_settled, 20 * kSecond)) violated("the replicas do not meet after healing");
  for (const auto& node : nodes_) {
    if (node.data.digest() != nodes_.front().data.digest()) violated("digests differ");
  }
  for (const auto& value : history_.acknowledged()) {
    if (!committed_values_.contains(value)) violated("acknowledged " + value + " is lost");
  }
  if (const std::string words = history_.check(); !words.empty()) violated(words);
  return problem_;
}

}  // namespace kvhost::leader_follower::testing
