#include "kvhost/engine/write_batch.hpp"

#include "format/write_batch_format.hpp"

namespace kvhost::engine {

namespace wire = write_batch_format;

namespace {

// Counts lie at fixed places so that adding an entry patches them without moving bytes.
void count_one_more(std::string& bytes, std::size_t at) {
  store_fixed32(bytes.data() + at, load_fixed32(bytes.data() + at) + 1);
}

void begin_entry(std::string& bytes, uint8_t tag, uint32_t space, std::string_view key) {
  // One growth and one pass for the parts that every entry has.
  char head[1 + kMaxVarint32 + kMaxVarint64];
  char* at = head;
  *at++ = static_cast<char>(tag);
  at = store_varint64(at, space);
  at = store_varint64(at, key.size());
  bytes.append(head, static_cast<std::size_t>(at - head));
  bytes.append(key);
}

void begin_op(std::string& bytes, OpType type, uint32_t space, std::string_view key) {
  count_one_more(bytes, wire::kOpCountAt);
  begin_entry(bytes, static_cast<uint8_t>(type), space, key);
}

void begin_condition(std::string& bytes, ConditionType type, uint32_t space, std::string_view key) {
  count_one_more(bytes, wire::kConditionCountAt);
  begin_entry(bytes, static_cast<uint8_t>(wire::kConditionTag | static_cast<uint8_t>(type)), space,
              key);
}

constexpr uint64_t zigzag(int64_t value) {
  return (static_cast<uint64_t>(value) << 1) ^ static_cast<uint64_t>(value >> 63);
}

}  // namespace

WriteBatch::WriteBatch() { clear(); }

void WriteBatch::clear() {
  bytes_.assign(wire::kHeaderSize, '\0');
  bytes_[0] = static_cast<char>(wire::kVersion);
}

void WriteBatch::put(uint32_t space, std::string_view key, std::string_view value, Expiry expiry,
                     uint8_t flags) {
  if ((flags & kAppendAnswers) != 0) bytes_[0] = static_cast<char>(wire::kVersionWithAnswers);
  begin_op(bytes_, OpType::kPut, space, key);
  bytes_.push_back(static_cast<char>(flags));
  bytes_.push_back(static_cast<char>(expiry.kind));
  if (wire::expiry_has_value(expiry.kind)) append_varint64(bytes_, expiry.value_ms);
  append_length_prefixed(bytes_, value);
}

void WriteBatch::erase(uint32_t space, std::string_view key, uint8_t flags) {
  begin_op(bytes_, OpType::kDelete, space, key);
  bytes_.push_back(static_cast<char>(flags));
}

void WriteBatch::erase_range(uint32_t space, std::string_view start,
                             std::optional<std::string_view> end) {
  begin_op(bytes_, OpType::kDeleteRange, space, start);
  bytes_.push_back(end ? 1 : 0);
  if (end) append_length_prefixed(bytes_, *end);
}

void WriteBatch::increment(uint32_t space, std::string_view key, int64_t by) {
  begin_op(bytes_, OpType::kIncrement, space, key);
  append_varint64(bytes_, zigzag(by));
}

void WriteBatch::require_absent(uint32_t space, std::string_view key) {
  begin_condition(bytes_, ConditionType::kAbsent, space, key);
}

void WriteBatch::require_present(uint32_t space, std::string_view key) {
  begin_condition(bytes_, ConditionType::kPresent, space, key);
}

void WriteBatch::require_version(uint32_t space, std::string_view key, uint64_t version) {
  begin_condition(bytes_, ConditionType::kVersion, space, key);
  append_varint64(bytes_, version);
}

void WriteBatch::require_value(uint32_t space, std::string_view key, std::string_view value) {
  begin_condition(bytes_, ConditionType::kValue, space, key);
  append_length_prefixed(bytes_, value);
}

uint32_t WriteBatch::op_count() const { return load_fixed32(bytes_.data() + wire::kOpCountAt); }

uint32_t WriteBatch::condition_count() const {
  return load_fixed32(bytes_.data() + wire::kConditionCountAt);
}

}  // namespace kvhost::engine
