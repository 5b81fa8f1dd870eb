#include "faults.hpp"

#include <signal.h>

#include <algorithm>
#include <thread>
#include <vector>

namespace kvhost::testing {

using Clock = std::chrono::steady_clock;

void Faults::wait(int at_least_ms, int at_most_ms) {
  const auto span = static_cast<uint64_t>(at_most_ms - at_least_ms);
  std::this_thread::sleep_for(
      std::chrono::milliseconds(at_least_ms + static_cast<int>(random_() % span)));
}

void Faults::run_for(std::chrono::seconds length) {
  const auto end = Clock::now() + length;
  while (Clock::now() < end) {
    wait(100, 1500);
    harm();
    wait(200, 4000);
    if (random_() % 4 == 0) {
      harm();
      wait(200, 2000);
    }
    mend();
  }
}

int Faults::leader_or_any() {
  if (random_() % 2 == 0) return any();
  return nodes_.leader().value_or(any());
}

int Faults::other_than(int node) {
  const int step = 1 + static_cast<int>(random_() % static_cast<uint64_t>(nodes_.count() - 1));
  return (node + step) % nodes_.count();
}

void Faults::harm() {
  const int node = leader_or_any();
  switch (random_() % 16) {
    case 0:
      note("isolated");
      isolate(node, true, true);
      break;
    case 1:
      note("deaf");
      isolate(node, true, false);
      break;
    case 2:
      note("mute");
      isolate(node, false, true);
      break;
    case 3: {
      note("one-way between two");
      network_.cut(node, other_than(node));
      return;
    }
    case 4:
      split();
      return;
    case 5:
      bridge();
      return;
    case 6:
    case 7:
      pause(node);
      break;
    case 8:
    case 9:
      note("killed");
      kill(node);
      break;
    case 10:
      note("all killed");
      for (int each = 0; each < nodes_.count(); ++each) kill(each);
      return;
    case 11:
      note("lossy");
      network_.lose(node, 0.1 + static_cast<double>(random_() % 5) / 10);
      return;
    case 12:
      note("thin link");
      network_.thin(node);
      return;
    case 13: {
      const std::chrono::milliseconds by(20 + random_() % 400);
      if (nodes_.slow_disk(node, by)) note("slow disk");
      break;
    }
    default:
      jump_clock(node);
      return;
  }
  move_leader(node);
}

void Faults::isolate(int node, bool in, bool out) {
  for (int other = 0; other < nodes_.count(); ++other) {
    if (other == node) continue;
    if (in) network_.cut(other, node);
    if (out) network_.cut(node, other);
  }
}

// Two groups that do not hear each other.
void Faults::split() {
  note("split");
  std::vector<int> all;
  for (int node = 0; node < nodes_.count(); ++node) all.push_back(node);
  std::shuffle(all.begin(), all.end(), random_);
  const std::size_t small = 1 + random_() % static_cast<uint64_t>(nodes_.count() / 2);
  for (std::size_t a = 0; a < small; ++a) {
    for (std::size_t b = small; b < all.size(); ++b) {
      network_.cut(all[a], all[b]);
      network_.cut(all[b], all[a]);
    }
  }
}

// Two groups that have one node in common: nobody but it hears everybody.
void Faults::bridge() {
  note("bridge");
  const int middle = any();
  for (int a = 0; a < nodes_.count(); ++a) {
    for (int b = 0; b < nodes_.count(); ++b) {
      if (a != middle && b != middle && (a < middle) != (b < middle)) network_.cut(a, b);
    }
  }
  if (nodes_.count() == 3 && middle != 1) {
    const int a = other_than(middle);
    const int b = 3 - middle - a;
    network_.cut(a, b);
    network_.cut(b, a);
  }
}

void Faults::pause(int node) {
  if (!nodes_.runs(node) || !paused_.insert(node).second) return;
  note("paused");
  nodes_.signal(node, SIGSTOP);
}

void Faults::kill(int node) {
  paused_.erase(node);
  if (nodes_.runs(node)) nodes_.kill(node);
}

// At most so far that no request id is forgotten while its client still tries.
void Faults::jump_clock(int node) {
  const std::chrono::minutes to(static_cast<int>(random_() % 31) - 15);
  if (nodes_.shift_clock(node, to)) note("clock jumped");
}

// Where nobody is elected an operator may act, at a good or at a bad moment.
void Faults::move_leader(int away_from) {
  if (random_() % 2 != 0) return;
  const int to = other_than(away_from);
  const std::string arguments = "{\"node\":\"" + Nodes::name(to) + "\"}";
  const bool elects = nodes_.strategy() == "raft";
  const bool transfers = elects || random_() % 4 == 0;
  note(transfers ? "transfer asked" : "promotion asked");
  (void)nodes_.command(to, transfers ? "transfer-leader" : "promote", arguments);
}

void Faults::mend() {
  network_.heal();
  nodes_.quick_disks();
  for (const int node : paused_) nodes_.signal(node, SIGCONT);
  paused_.clear();
  for (int node = 0; node < nodes_.count(); ++node) {
    if (!nodes_.runs(node)) nodes_.start(node);
  }
}

}  // namespace kvhost::testing
