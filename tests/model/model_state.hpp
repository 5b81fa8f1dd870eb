// What the engine should hold: a map, and the meaning of a batch in a few lines.
//
// Threads:   a value.
#pragma once

#include <charconv>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "kvhost/engine/engine.hpp"

namespace kvhost::engine::testing {

struct ModelRecord {
  std::string value;
  uint64_t version = 0;
  uint64_t expires_at_ms = 0;

  bool is_live(uint64_t now_ms) const { return expires_at_ms == 0 || expires_at_ms > now_ms; }
};

using ModelKey = std::pair<uint32_t, std::string>;

class ModelState {
 public:
  struct Outcome {
    StatusCode code = StatusCode::OK;
    std::vector<OpResult> ops;
    std::vector<uint32_t> failed;
  };

  const ModelRecord* find(uint32_t space, std::string_view key, uint64_t now_ms) const {
    const auto found = records_.find({space, std::string(key)});
    return found != records_.end() && found->second.is_live(now_ms) ? &found->second : nullptr;
  }

  // Carries a batch out, its first operation getting the number last + 1.
  Outcome apply(const WriteBatch& batch, uint64_t now_ms, uint64_t last) {
    Outcome outcome;
    WriteBatch::Reader conditions = batch.reader();
    for (uint32_t index = 0; *conditions.next();) {
      if (!conditions.condition()) continue;
      if (!holds(*conditions.condition(), now_ms)) outcome.failed.push_back(index);
      ++index;
    }
    if (!outcome.failed.empty()) {
      outcome.code = StatusCode::CONDITION_FAILED;
      return outcome;
    }
    const auto before = records_;
    WriteBatch::Reader ops = batch.reader();
    while (*ops.next()) {
      if (!ops.op()) continue;
      OpResult result;
      result.version = ++last;
      if (!carry_out(*ops.op(), now_ms, outcome.ops, result)) {
        records_ = before;
        return {StatusCode::NOT_A_NUMBER, {}, {}};
      }
      outcome.ops.push_back(result);
    }
    return outcome;
  }

  const std::map<ModelKey, ModelRecord>& records() const { return records_; }

 private:
  bool holds(const BatchCondition& condition, uint64_t now_ms) const {
    const ModelRecord* const record = find(condition.space, condition.key, now_ms);
    switch (condition.type) {
      case ConditionType::kAbsent:
        return record == nullptr;
      case ConditionType::kPresent:
        return record != nullptr;
      case ConditionType::kVersion:
        return (record ? record->version : 0) == condition.version;
      case ConditionType::kValue:
        return record && record->value == condition.value;
    }
    return false;
  }

  bool carry_out(const BatchOp& op, uint64_t now_ms, const std::vector<OpResult>& before,
                 OpResult& result) {
    const ModelKey key{op.space, std::string(op.key)};
    const ModelRecord* const old = find(op.space, op.key, now_ms);
    const bool tells = (op.flags & kWantExisted) != 0 || op.type == OpType::kIncrement ||
                       (op.type == OpType::kPut && op.expiry.kind == Expiry::Kind::kKeepOld);
    result.existed = tells && old != nullptr;
    switch (op.type) {
      case OpType::kPut: {
        std::string value(op.value);
        if ((op.flags & kAppendAnswers) != 0) {
          for (const OpResult& one : before) append_answer(value, one);
        }
        records_[key] = {std::move(value), result.version, expiry(op.expiry, old, now_ms)};
        return true;
      }
      case OpType::kDelete:
        records_.erase(key);
        return true;
      case OpType::kDeleteRange:
        std::erase_if(records_, [&](const auto& one) {
          return one.first.first == op.space && one.first.second >= op.key &&
                 (!op.has_end || one.first.second < op.value);
        });
        return true;
      case OpType::kIncrement:
        return increment(op, key, old, result);
    }
    return false;
  }

  static void append_answer(std::string& value, const OpResult& answer) {
    value.push_back(answer.existed ? 1 : 0);
    for (int shift = 0; shift < 64; shift += 8) {
      value.push_back(static_cast<char>(static_cast<uint64_t>(answer.number) >> shift));
    }
  }

  static uint64_t expiry(const Expiry& wanted, const ModelRecord* old, uint64_t now_ms) {
    switch (wanted.kind) {
      case Expiry::Kind::kNone:
        return 0;
      case Expiry::Kind::kAfter:
        return now_ms + wanted.value_ms;
      case Expiry::Kind::kAt:
        return wanted.value_ms;
      case Expiry::Kind::kKeepOld:
        return old ? old->expires_at_ms : 0;
    }
    return 0;
  }

  bool increment(const BatchOp& op, const ModelKey& key, const ModelRecord* old, OpResult& result) {
    int64_t number = 0;
    if (old != nullptr) {
      const char* const end = old->value.data() + old->value.size();
      const auto parsed = std::from_chars(old->value.data(), end, number);
      if (parsed.ec != std::errc() || parsed.ptr != end) return false;
    }
    result.number = number + op.by;
    records_[key] = {std::to_string(result.number), result.version, old ? old->expires_at_ms : 0};
    return true;
  }

  std::map<ModelKey, ModelRecord> records_;
};

}  // namespace kvhost::engine::testing
