// The keys of a FakeStore: a std::map with versions, expiry, conditions and counters, by the rules
// of kvhost/abi/store.h.
//
// Threads:   one; FakeStore guards it.
// Lifetime:  views of find() and range() live until the next change.
// Errors:    apply() changes nothing unless it returns OK.
#pragma once

#include <charconv>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kvhost/store.hpp"

namespace kvhost::testing {

struct FakeRecord {
  std::string value;
  uint64_t version = 0;
  uint64_t expires_at_ms = 0;
};

// Owned forms of what a transport hands over: inputs are borrowed only until a call returns.
struct FakeOp {
  uint32_t type = 0;
  uint32_t flags = 0;
  std::string key;
  std::string value;
  uint64_t ttl_ms = 0;
  uint64_t expires_at_ms = 0;
  int64_t by = 0;
};
struct FakeCondition {
  uint32_t type = 0;
  std::string key;
  uint64_t version = 0;
  std::string value;
};
struct FakeRow {
  std::string key;
  FakeRecord record;
};

class FakeData {
 public:
  uint64_t now_ms = 1'700'000'000'000;
  uint64_t version = 0;

  const FakeRecord* find(uint32_t space, const std::string& key) const {
    const auto at = records_.find({space, key});
    return at == records_.end() || expired(at->second) ? nullptr : &at->second;
  }
  uint64_t ttl_ms(const FakeRecord& record) const {
    return record.expires_at_ms == 0 ? 0 : record.expires_at_ms - now_ms;
  }

  std::vector<FakeRow> range(uint32_t space, std::string_view start, const std::string* end,
                             bool reverse) const {
    std::vector<FakeRow> rows;
    for (auto at = records_.lower_bound({space, std::string(start)}); at != records_.end(); ++at) {
      if (at->first.first != space || (end != nullptr && at->first.second >= *end)) break;
      if (!expired(at->second)) rows.push_back({at->first.second, at->second});
    }
    if (reverse) return {rows.rbegin(), rows.rend()};
    return rows;
  }

  Status apply(uint32_t space, const std::vector<FakeOp>& ops,
               const std::vector<FakeCondition>& conditions, WriteReply& reply) {
    reply.now_ms = now_ms;
    reply.version = version;
    for (std::size_t i = 0; i < conditions.size(); ++i) check(space, conditions[i], i, reply);
    if (!reply.failed.empty()) {
      return {StatusCode::CONDITION_FAILED,
              "condition " + std::to_string(reply.failed.front().index) + " does not hold"};
    }
    const auto before = ops.size() > 1 ? records_ : Records();
    const uint64_t version_before = version;
    for (const auto& op : ops) {
      const Status status = apply_one(space, op, reply);
      if (status.is_ok()) continue;
      if (ops.size() > 1) records_ = before;
      version = version_before;
      return status;
    }
    reply.version = version;
    return {};
  }

 private:
  using Records = std::map<std::pair<uint32_t, std::string>, FakeRecord>;

  bool expired(const FakeRecord& record) const {
    return record.expires_at_ms != 0 && record.expires_at_ms <= now_ms;
  }

  static uint32_t space_of(uint32_t word, uint32_t call_space) {
    return (word & KVH_OTHER_SPACE) != 0 ? word >> KVH_SPACE_SHIFT : call_space;
  }

  void check(uint32_t call_space, const FakeCondition& condition, std::size_t index,
             WriteReply& reply) const {
    const FakeRecord* found = find(space_of(condition.type, call_space), condition.key);
    const uint32_t type = condition.type & (KVH_OTHER_SPACE - 1);
    const uint64_t current = found == nullptr ? 0 : found->version;
    bool holds = false;
    if (type == KVH_IF_ABSENT) holds = found == nullptr;
    if (type == KVH_IF_PRESENT) holds = found != nullptr;
    if (type == KVH_IF_VERSION) holds = current == condition.version;
    if (type == KVH_IF_VALUE) holds = found && found->value == condition.value;
    if (!holds) reply.failed.push_back({index, found == nullptr ? 0 : found->version});
  }

  Status apply_one(uint32_t call_space, const FakeOp& op, WriteReply& reply) {
    const uint32_t space = space_of(op.flags, call_space);
    const FakeRecord* found = find(space, op.key);
    kvh_op_result result{};
    result.existed = found != nullptr ? 1 : 0;
    FakeRecord record{op.value, 0, op.expires_at_ms};
    if (op.ttl_ms != 0) record.expires_at_ms = now_ms + op.ttl_ms;
    if ((op.flags & KVH_OP_KEEP_TTL) != 0 && found) record.expires_at_ms = found->expires_at_ms;
    if (op.type == KVH_OP_INCREMENT) {
      const std::string_view old = found != nullptr ? std::string_view(found->value) : "0";
      int64_t number = 0;
      const auto parsed = std::from_chars(old.data(), old.data() + old.size(), number);
      if (parsed.ec != std::errc() || parsed.ptr != old.data() + old.size() ||
          __builtin_add_overflow(number, op.by, &number)) {
        return {StatusCode::NOT_A_NUMBER, "the value of the key is no 64-bit decimal integer"};
      }
      result.number = number;
      record.value = std::to_string(number);
      if (found != nullptr) record.expires_at_ms = found->expires_at_ms;
    }
    result.version = record.version = ++version;
    if (op.type == KVH_OP_DELETE) {
      records_.erase({space, op.key});
    } else if (op.type == KVH_OP_DELETE_RANGE) {
      erase_range(space, op);
    } else {
      records_[{space, op.key}] = std::move(record);
    }
    reply.items.push_back(result);
    return {};
  }

  void erase_range(uint32_t space, const FakeOp& op) {
    auto at = records_.lower_bound({space, op.key});
    while (at != records_.end() && at->first.first == space) {
      if ((op.flags & KVH_OP_TO_END) == 0 && at->first.second >= op.value) break;
      at = records_.erase(at);
    }
  }

  Records records_;
};

}  // namespace kvhost::testing
