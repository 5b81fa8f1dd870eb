// Checks histories of registers (put, get, delete on single keys) for linearizability: is there one
// order of all operations that each reader could have seen, in which whatever ended before
// something else began comes first? By the algorithm of Wing and Gong with Lowe's memory of states
// seen; key by key, since linearizability is local.
//
//   History history;
//   const auto put = history.begin_write("k", "v1", now);
//   history.end(put, later);                  // or nothing: it may take effect at any time, or
//   never history.failed(put);                      // it certainly had no effect
//   CHECK(history.check() == "");             // else: words about the key that cannot be explained
//
// Written values must differ from each other. Threads: one.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <unordered_set>
#include <utility>
#include <vector>

namespace kvhost::testing {

class History {
 public:
  using Time = uint64_t;
  using Id = std::size_t;
  static constexpr Time kNever = std::numeric_limits<Time>::max();

  // A delete writes nothing.
  Id begin_write(std::string key, std::optional<std::string> value, Time now) {
    return begin({std::move(key), std::move(value), true, now, kNever, false});
  }
  Id begin_read(std::string key, Time now) {
    return begin({std::move(key), std::nullopt, false, now, kNever, false});
  }
  void end(Id id, Time now) { operations_[id].returned = now; }
  void end_read(Id id, std::optional<std::string> value, Time now) {
    operations_[id].value = std::move(value);
    end(id, now);
  }
  void failed(Id id) { operations_[id].is_void = true; }

  std::size_t size() const { return operations_.size(); }
  std::size_t ended() const {
    return static_cast<std::size_t>(
        std::count_if(operations_.begin(), operations_.end(), [](const Operation& operation) {
          return !operation.is_void && operation.returned != kNever;
        }));
  }
  // The values of writes that were acknowledged.
  std::vector<std::string> acknowledged() const {
    std::vector<std::string> values;
    for (const auto& operation : operations_) {
      const bool is_done = operation.is_write && !operation.is_void &&
                           operation.returned != kNever && operation.value;
      if (is_done) values.push_back(*operation.value);
    }
    return values;
  }
  // Empty when every key's history is linearizable.
  std::string check() const {
    std::map<std::string, std::vector<Operation>> keys;
    for (const auto& operation : operations_) {
      // A read without an answer says nothing.
      const bool is_mute = !operation.is_write && operation.returned == kNever;
      if (!operation.is_void && !is_mute) keys[operation.key].push_back(operation);
    }
    for (auto& [key, operations] : keys) {
      drop_unseen(operations);
      if (!explain(operations)) return describe(key, operations);
    }
    return {};
  }

 private:
  struct Operation {
    std::string key;
    std::optional<std::string> value;
    bool is_write = false;
    Time invoked = 0;
    Time returned = kNever;
    bool is_void = false;
  };
  // Calls and returns in the order of time, as a list from which operations are lifted.
  struct Event {
    std::size_t operation = 0;
    bool is_call = false;
    std::size_t other = 0;  // the return of a call
    std::size_t previous = 0;
    std::size_t next = 0;
  };

  Id begin(Operation operation) {
    operations_.push_back(std::move(operation));
    return operations_.size() - 1;
  }

  // A write of unknown outcome whose value nobody saw may as well not have been.
  static void drop_unseen(std::vector<Operation>& operations) {
    std::set<std::string> seen;
    for (const auto& operation : operations) {
      if (!operation.is_write && operation.value) seen.insert(*operation.value);
    }
    std::erase_if(operations, [&](const Operation& operation) {
      return operation.is_write && operation.returned == kNever && operation.value &&
             !seen.contains(*operation.value);
    });
  }

  static std::vector<Event> events_of(const std::vector<Operation>& operations) {
    struct Moment {
      Time time;
      bool is_return;
      std::size_t operation;
    };
    std::vector<Moment> moments;
    for (std::size_t i = 0; i < operations.size(); ++i) {
      moments.push_back({operations[i].invoked, false, i});
      moments.push_back({operations[i].returned, true, i});
    }
    std::sort(moments.begin(), moments.end(), [](const Moment& a, const Moment& b) {
      return std::tie(a.time, a.is_return, a.operation) <
             std::tie(b.time, b.is_return, b.operation);
    });
    std::vector<Event> events(moments.size() + 1);  // 0 is the head
    std::vector<std::size_t> calls(operations.size());
    for (std::size_t i = 0; i < moments.size(); ++i) {
      Event& event = events[i + 1];
      event = {moments[i].operation, !moments[i].is_return, 0, i, i + 2};
      if (event.is_call) {
        calls[event.operation] = i + 1;
      } else {
        events[calls[event.operation]].other = i + 1;
      }
    }
    events[0].next = moments.empty() ? 0 : 1;
    if (!moments.empty()) events.back().next = 0;
    return events;
  }

  static bool explain(const std::vector<Operation>& operations) {
    std::vector<Event> events = events_of(operations);
    const auto unlink = [&](std::size_t at) {
      events[events[at].previous].next = events[at].next;
      if (events[at].next != 0) events[events[at].next].previous = events[at].previous;
    };
    const auto relink = [&](std::size_t at) {
      events[events[at].previous].next = at;
      if (events[at].next != 0) events[events[at].next].previous = at;
    };
    // The register's state: the operation that wrote it, or none.
    const std::size_t nothing = operations.size();
    std::size_t state = nothing;
    std::string done(operations.size(), '0');
    std::unordered_set<std::string> seen;
    std::vector<std::pair<std::size_t, std::size_t>> stack;
    const auto value_of = [&](std::size_t writer) {
      return writer == nothing ? std::optional<std::string>() : operations[writer].value;
    };
    std::size_t at = events[0].next;
    while (events[0].next != 0) {
      const Event& event = events[at];
      if (!event.is_call) {
        if (stack.empty()) return false;
        std::tie(at, state) = stack.back();
        stack.pop_back();
        done[events[at].operation] = '0';
        relink(events[at].other);
        relink(at);
        at = events[at].next;
        continue;
      }
      const Operation& operation = operations[event.operation];
      const bool fits = operation.is_write || operation.value == value_of(state);
      const std::size_t after = operation.is_write ? event.operation : state;
      bool is_new = false;
      if (fits) {
        done[event.operation] = '1';
        is_new = seen.insert(done + std::to_string(after)).second;
        if (!is_new) done[event.operation] = '0';
      }
      if (!is_new) {
        at = event.next;
        continue;
      }
      stack.emplace_back(at, state);
      state = after;
      unlink(at);
      unlink(event.other);
      at = events[0].next;
    }
    return true;
  }

  static std::string describe(const std::string& key, const std::vector<Operation>& operations) {
    std::string text = "key " + key + " is not linearizable:";
    for (const auto& operation : operations) {
      text += "\n  " + std::to_string(operation.invoked) + " … " +
              (operation.returned == kNever ? "?" : std::to_string(operation.returned)) +
              (operation.is_write ? " put " : " get ") + operation.value.value_or("(absent)");
    }
    return text;
  }

  std::vector<Operation> operations_;
};

}  // namespace kvhost::testing
