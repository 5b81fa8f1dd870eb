#include "engine/batch_resolver.hpp"

#include <algorithm>
#include <charconv>
#include <limits>

#include "base/assert.hpp"
#include "format/space_key.hpp"
#include "format/write_batch_format.hpp"

namespace kvhost::engine {

namespace {

// What an operation can take in a payload beyond its bytes in the batch: type, a longer key length,
// the space's prefix, an expiry, the digits of a counter, its answer in the batch's last put.
constexpr std::size_t kGrowthPerOp = 64;
constexpr std::size_t kPayloadHeader = 32;
// No encoded operation is shorter than this.
constexpr std::size_t kShortestOp = 4;
// A buffer that one huge batch has blown up is not kept.
constexpr std::size_t kKeptBuffer = std::size_t{8} << 20;

uint64_t saturating_add(uint64_t a, uint64_t b) {
  return a > std::numeric_limits<uint64_t>::max() - b ? std::numeric_limits<uint64_t>::max()
                                                      : a + b;
}

// Only the form that an increment writes counts: no leading zeros, no "-0".
std::optional<int64_t> parse_number(std::string_view text) {
  const std::string_view digits = text.starts_with('-') ? text.substr(1) : text;
  if (digits.starts_with('0') && text != "0") return std::nullopt;
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

void BatchResolver::begin_group(SequenceNumber first, bool memory_only) {
  buffer_.clear();
  if (buffer_.capacity() > kKeptBuffer) buffer_.shrink_to_fit();
  expected_bytes_ = 0;
  extents_.clear();
  first_sequence_ = first;
  next_sequence_ = first;
  memory_only_ = memory_only;
  needs_disk_ = false;
  counts_ = {};
  if (tracks_pending_) pending_.clear();
  tracks_pending_ = false;
}

void BatchResolver::expect(std::string_view batch) {
  // The count comes from outside and may lie; the bytes cannot.
  const std::size_t ops =
      batch.size() < write_batch_format::kHeaderSize
          ? 0
          : std::min<std::size_t>(load_fixed32(batch.data() + write_batch_format::kOpCountAt),
                                  batch.size() / kShortestOp);
  expected_bytes_ += batch.size() + kPayloadHeader + ops * kGrowthPerOp;
  buffer_.reserve(expected_bytes_);
}

Status BatchResolver::check_size(std::string_view what, uint64_t size, uint64_t limit) const {
  if (size <= limit) return Status::ok();
  return {StatusCode::TOO_LARGE, std::string(what) + " of " + std::to_string(size) +
                                     " bytes: at most " + std::to_string(limit) + " are accepted"};
}

Status BatchResolver::check_op(const BatchOp& op) const {
  KVHOST_TRY(check_size("a key", op.key.size(), limits_.key));
  const bool is_range = op.type == OpType::kDeleteRange;
  return check_size(is_range ? "the end of a range" : "a value", op.value.size(),
                    is_range ? limits_.key : limits_.value);
}

Result<WriteResult> BatchResolver::resolve(std::string_view batch, uint64_t now_ms) {
  KVHOST_TRY(check_size("a batch", batch.size(), limits_.batch));
  KVHOST_TRY_ASSIGN(const auto header, write_batch_format::read_header(batch));
  now_ms_ = now_ms;
  WriteResult result;
  result.now_ms = now_ms;
  result.version = next_sequence_ - 1;
  if (header.conditions > 0) {
    KVHOST_TRY(judge_conditions(batch, result));
    if (!result.outcome) return result;
  }

  const SequenceNumber first = next_sequence_;
  const OperationCounts counts_before = counts_;
  encoder_.begin();
  WriteBatch::Reader reader(batch);
  Status failure;
  while (true) {
    const Result<bool> more = reader.next();
    if (!more) failure = more.error();
    if (!more || !*more) break;
    if (!reader.op()) continue;
    failure = check_op(*reader.op());
    if (failure.is_ok()) failure = carry_out(*reader.op(), result);
    if (!failure || !result.outcome) break;
  }
  if (!failure || !result.outcome || encoder_.effects() == 0) {
    next_sequence_ = first;
    counts_ = counts_before;
    abandon();
    if (!failure) return failure;
    result.ops.clear();
    return result;
  }
  encoder_.finish(first, now_ms);
  extents_.push_back({encoder_.start(), buffer_.size() - encoder_.start()});
  KVHOST_ASSERT(buffer_.size() <= expected_bytes_, "every batch of a group is expected");
  result.version = next_sequence_ - 1;
  return result;
}

void BatchResolver::abandon() {
  encoder_.abandon();
  // Some of its effects may be among the pending ones: the next read collects them anew.
  if (tracks_pending_) pending_.clear();
  tracks_pending_ = false;
}

Result<std::optional<CurrentRecord>> BatchResolver::current(uint32_t space, std::string_view key) {
  key_buffer_.clear();
  append_space_prefix(key_buffer_, space);
  key_buffer_.append(key);
  if (!tracks_pending_) catch_up();
  const auto pending = pending_.find(key_buffer_);
  if (!pending) {
    KVHOST_TRY_ASSIGN(Latest found, reader_.latest(key_buffer_, now_ms_, memory_only_));
    if (!found.needs_disk) return std::move(found.record);
    needs_disk_ = true;
    return Status(StatusCode::INTERNAL, "the disk must be read for this batch");
  }
  const Effect& effect = pending->effect;
  const bool is_put = effect.type == EffectType::kPut || effect.type == EffectType::kPutExpiring;
  if (!is_put || (effect.expires_at_ms != 0 && effect.expires_at_ms <= now_ms_)) {
    return std::optional<CurrentRecord>();
  }
  return std::optional(
      CurrentRecord{PinnedValue(effect.value, nullptr), pending->sequence, effect.expires_at_ms});
}

// Collects the effects of the group so far, the current batch's included.
void BatchResolver::catch_up() {
  tracks_pending_ = true;
  SequenceNumber sequence = first_sequence_;
  const auto collect = [&](std::string_view payload) {
    Decoder from(payload);
    from.skip(LogBatchEncoder::kHeaderSize);
    while (from.remaining() > 0) {
      const std::optional<Effect> effect = read_effect(from);
      KVHOST_ASSERT(effect.has_value(), "an encoder's effects can be read");
      pending_.add(*effect, sequence++);
    }
  };
  const std::string_view all = buffer_;
  for (const Extent& extent : extents_) collect(all.substr(extent.start, extent.size));
  const std::size_t finished = extents_.empty() ? 0 : extents_.back().start + extents_.back().size;
  if (finished < all.size()) collect(all.substr(finished));
}

void BatchResolver::note_last_effect(std::size_t start) {
  const SequenceNumber sequence = next_sequence_++;
  if (!tracks_pending_) return;
  Decoder from(std::string_view(buffer_).substr(start));
  const std::optional<Effect> effect = read_effect(from);
  KVHOST_ASSERT(effect.has_value(), "an encoder's effect can be read");
  pending_.add(*effect, sequence);
}

Status BatchResolver::judge_conditions(std::string_view batch, WriteResult& result) {
  WriteBatch::Reader reader(batch);
  uint32_t index = 0;
  while (true) {
    KVHOST_TRY_ASSIGN(const bool more, reader.next());
    if (!more) break;
    if (!reader.condition()) continue;
    const BatchCondition& condition = *reader.condition();
    KVHOST_TRY(check_size("a key", condition.key.size(), limits_.key));
    KVHOST_TRY_ASSIGN(const auto record, current(condition.space, condition.key));
    bool holds = false;
    switch (condition.type) {
      case ConditionType::kAbsent:
        holds = !record;
        break;
      case ConditionType::kPresent:
        holds = record.has_value();
        break;
      case ConditionType::kVersion:
        // Version 0 is that of an absent key.
        holds = (record ? record->version : 0) == condition.version;
        break;
      case ConditionType::kValue:
        holds = record && record->value.view() == condition.value;
        break;
    }
    if (!holds) result.failed.push_back({index, record ? record->version : 0});
    ++index;
  }
  if (!result.failed.empty()) {
    result.outcome = {StatusCode::CONDITION_FAILED,
                      std::to_string(result.failed.size()) + " of " + std::to_string(index) +
                          " conditions did not hold; nothing was written"};
  }
  return Status::ok();
}

Status BatchResolver::carry_out(const BatchOp& op, WriteResult& result) {
  result.ops.emplace_back();
  OpResult& op_result = result.ops.back();
  const std::size_t start = buffer_.size();
  counts_.user_bytes += op.key.size() + op.value.size();
  switch (op.type) {
    case OpType::kPut:
      KVHOST_TRY(put(op, result));
      break;
    case OpType::kDelete:
      KVHOST_TRY(erase(op, op_result));
      break;
    case OpType::kDeleteRange:
      erase_range(op);
      break;
    case OpType::kIncrement:
      KVHOST_TRY(increment(op, op_result, result.outcome));
      if (!result.outcome) return Status::ok();
      break;
  }
  op_result.version = next_sequence_;
  note_last_effect(start);
  return Status::ok();
}

Status BatchResolver::put(const BatchOp& op, WriteResult& result) {
  uint64_t expires_at_ms = 0;
  const bool keeps_old = op.expiry.kind == Expiry::Kind::kKeepOld;
  if ((op.flags & kWantExisted) != 0 || keeps_old) {
    KVHOST_TRY_ASSIGN(const auto old, current(op.space, op.key));
    result.ops.back().existed = old.has_value();
    if (keeps_old && old) expires_at_ms = old->expires_at_ms;
  }
  // 0 means never, so the first millisecond stands for anything before it.
  if (op.expiry.kind == Expiry::Kind::kAfter) {
    expires_at_ms = std::max<uint64_t>(1, saturating_add(now_ms_, op.expiry.value_ms));
  } else if (op.expiry.kind == Expiry::Kind::kAt) {
    expires_at_ms = std::max<uint64_t>(1, op.expiry.value_ms);
  }
  std::string_view value = op.value;
  if ((op.flags & kAppendAnswers) != 0) {
    answers_buffer_.assign(value);
    for (std::size_t i = 0; i + 1 < result.ops.size(); ++i) {
      answers_buffer_.push_back(result.ops[i].existed ? 1 : 0);
      append_fixed64(answers_buffer_, static_cast<uint64_t>(result.ops[i].number));
    }
    value = answers_buffer_;
    KVHOST_TRY(check_size("a value with its answers", value.size(), limits_.value));
  }
  encoder_.put(op.space, op.key, value, expires_at_ms);
  ++counts_.puts;
  return Status::ok();
}

Status BatchResolver::erase(const BatchOp& op, OpResult& result) {
  if ((op.flags & kWantExisted) != 0) {
    KVHOST_TRY_ASSIGN(const auto old, current(op.space, op.key));
    result.existed = old.has_value();
  }
  encoder_.erase(op.space, op.key);
  ++counts_.deletes;
  return Status::ok();
}

void BatchResolver::erase_range(const BatchOp& op) {
  const std::string start = space_key(op.space, op.key);
  const std::string end = op.has_end ? space_key(op.space, op.value) : space_end_key(op.space);
  if (start < end) {
    encoder_.erase_range(start, end);
  } else {
    encoder_.nothing();
  }
  ++counts_.range_deletes;
}

Status BatchResolver::increment(const BatchOp& op, OpResult& result, Status& outcome) {
  KVHOST_TRY_ASSIGN(const auto old, current(op.space, op.key));
  result.existed = old.has_value();
  const std::optional<int64_t> before = old ? parse_number(old->value.view()) : 0;
  if (!before) {
    outcome = {StatusCode::NOT_A_NUMBER,
               "the value of " + std::to_string(old->value.view().size()) +
                   " bytes at the key is no 64-bit decimal integer; nothing was written"};
    return Status::ok();
  }
  if (__builtin_add_overflow(*before, op.by, &result.number)) {
    outcome = {StatusCode::NOT_A_NUMBER, std::to_string(*before) + " plus " +
                                             std::to_string(op.by) +
                                             " leaves the range of 64 bits; nothing was written"};
    return Status::ok();
  }
  char digits[24];
  const auto [end, error] = std::to_chars(std::begin(digits), std::end(digits), result.number);
  encoder_.put(op.space, op.key, {digits, static_cast<std::size_t>(end - digits)},
               old ? old->expires_at_ms : 0);
  ++counts_.increments;
  return Status::ok();
}

std::span<const std::string_view> BatchResolver::payloads() {
  payloads_.clear();
  const std::string_view all = buffer_;
  for (const Extent& extent : extents_) {
    payloads_.push_back(all.substr(extent.start, extent.size));
  }
  return payloads_;
}

}  // namespace kvhost::engine
