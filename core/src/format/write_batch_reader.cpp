#include "format/write_batch_format.hpp"

namespace kvhost::engine {

namespace wire = write_batch_format;

namespace {

constexpr int64_t unzigzag(uint64_t value) {
  return static_cast<int64_t>(value >> 1) ^ -static_cast<int64_t>(value & 1);
}

Status malformed(uint64_t offset, std::string_view expected, std::string found) {
  return {StatusCode::CORRUPTION, "batch, offset " + std::to_string(offset) + ": expected " +
                                      std::string(expected) + ", found " + std::move(found)};
}

// Reads what follows the key of an operation. False: a byte that names no known choice.
bool read_op_rest(Decoder& from, BatchOp& op) {
  switch (op.type) {
    case OpType::kPut: {
      op.flags = from.fixed8();
      const uint8_t kind = from.fixed8();
      if (kind > static_cast<uint8_t>(Expiry::Kind::kKeepOld)) return false;
      op.expiry.kind = static_cast<Expiry::Kind>(kind);
      if (wire::expiry_has_value(op.expiry.kind)) op.expiry.value_ms = from.varint64();
      op.value = from.length_prefixed();
      break;
    }
    case OpType::kDelete:
      op.flags = from.fixed8();
      break;
    case OpType::kDeleteRange: {
      const uint8_t has_end = from.fixed8();
      if (has_end > 1) return false;
      op.has_end = has_end == 1;
      if (op.has_end) op.value = from.length_prefixed();
      break;
    }
    case OpType::kIncrement:
      op.by = unzigzag(from.varint64());
      break;
  }
  const uint8_t known = op.type == OpType::kPut ? kWantExisted | kAppendAnswers : kWantExisted;
  return (op.flags & ~known) == 0;
}

bool is_op(uint8_t tag) {
  return tag >= static_cast<uint8_t>(OpType::kPut) &&
         tag <= static_cast<uint8_t>(OpType::kIncrement);
}

bool is_condition(uint8_t tag) {
  const auto type = static_cast<uint8_t>(tag & ~wire::kConditionTag);
  return (tag & wire::kConditionTag) != 0 && type >= static_cast<uint8_t>(ConditionType::kAbsent) &&
         type <= static_cast<uint8_t>(ConditionType::kPresent);
}

}  // namespace

Result<wire::Header> wire::read_header(std::string_view batch_bytes) {
  if (batch_bytes.size() < kHeaderSize) {
    return malformed(0, "a header of 9 bytes", std::to_string(batch_bytes.size()) + " bytes");
  }
  const auto version = static_cast<uint8_t>(batch_bytes[0]);
  if (version != kVersion && version != kVersionWithAnswers) {
    return Status(
        StatusCode::FORMAT_UNSUPPORTED,
        "batch, offset 0: expected format version 1 or 2, found " + std::to_string(version));
  }
  return Header{load_fixed32(batch_bytes.data() + kOpCountAt),
                load_fixed32(batch_bytes.data() + kConditionCountAt)};
}

WriteBatch::Reader::Reader(std::string_view batch_bytes)
    : rest_(batch_bytes), size_(batch_bytes.size()) {}

Result<bool> WriteBatch::Reader::next() {
  if (rest_.size() == size_) {
    if (auto header = wire::read_header(rest_); !header) return header.error();
    may_append_ = static_cast<uint8_t>(rest_[0]) == wire::kVersionWithAnswers;
    rest_.remove_prefix(wire::kHeaderSize);
  }
  op_.reset();
  condition_.reset();
  if (rest_.empty()) return false;

  const uint64_t offset = size_ - rest_.size();
  Decoder from(rest_);
  const uint8_t tag = from.fixed8();
  if (!is_op(tag) && !is_condition(tag)) {
    return malformed(offset, "the tag of an operation or condition", "byte " + std::to_string(tag));
  }
  const uint32_t space = from.varint32();
  const std::string_view key = from.length_prefixed();
  bool known = true;
  if (is_op(tag)) {
    op_.emplace();
    op_->type = static_cast<OpType>(tag);
    op_->space = space;
    op_->key = key;
    known = read_op_rest(from, *op_);
    // Answers go into one put, behind everything that has one.
    const bool appends = (op_->flags & kAppendAnswers) != 0;
    if (has_appended_ || (appends && !may_append_)) known = false;
    has_appended_ = has_appended_ || appends;
  } else {
    condition_.emplace();
    condition_->type = static_cast<ConditionType>(tag & ~wire::kConditionTag);
    condition_->space = space;
    condition_->key = key;
    if (condition_->type == ConditionType::kVersion) condition_->version = from.varint64();
    if (condition_->type == ConditionType::kValue) condition_->value = from.length_prefixed();
  }
  if (!from.ok() || !known) {
    op_.reset();
    condition_.reset();
    if (!from.ok()) {
      return malformed(offset + from.position(),
                       "the rest of an entry that begins at offset " + std::to_string(offset),
                       std::to_string(rest_.size() - from.position()) + " bytes");
    }
    return malformed(offset + from.position(),
                     "a known expiry, flag or end marker, and no operation after the answers",
                     "something else");
  }
  rest_.remove_prefix(from.position());
  return true;
}

Result<WriteBatch> WriteBatch::parse(std::string_view bytes) {
  KVHOST_TRY_ASSIGN(const wire::Header header, wire::read_header(bytes));
  Reader reader(bytes);
  uint64_t ops = 0;
  uint64_t conditions = 0;
  while (true) {
    KVHOST_TRY_ASSIGN(const bool more, reader.next());
    if (!more) break;
    reader.op() ? ++ops : ++conditions;
  }
  if (ops != header.ops || conditions != header.conditions) {
    return malformed(wire::kOpCountAt,
                     std::to_string(ops) + " operations and " + std::to_string(conditions) +
                         " conditions, as many as follow",
                     std::to_string(header.ops) + " and " + std::to_string(header.conditions));
  }
  WriteBatch batch;
  batch.bytes_.assign(bytes);
  return batch;
}

}  // namespace kvhost::engine
