#include "format/log_batch.hpp"

#include "format/space_key.hpp"

namespace kvhost::engine {

namespace {

constexpr uint8_t kLogBatchVersion = 1;

}  // namespace

void LogBatchEncoder::begin() {
  start_ = out_.size();
  effects_ = 0;
  out_.append(kHeaderSize, '\0');
}

void LogBatchEncoder::append_key(EffectType type, uint32_t space, std::string_view key) {
  char head[1 + kMaxVarint64 + kMaxSpacePrefix];
  char* at = head;
  *at++ = static_cast<char>(type);
  at = store_varint64(at, space_prefix_size(space) + key.size());
  if (space < kOneByteSpaces) {
    *at++ = static_cast<char>(space);
    out_.append(head, static_cast<std::size_t>(at - head));
  } else {
    out_.append(head, static_cast<std::size_t>(at - head));
    append_space_prefix(out_, space);
  }
  out_.append(key);
  ++effects_;
}

void LogBatchEncoder::put(uint32_t space, std::string_view key, std::string_view value,
                          uint64_t expires_at_ms) {
  append_key(expires_at_ms == 0 ? EffectType::kPut : EffectType::kPutExpiring, space, key);
  char numbers[2 * kMaxVarint64];
  char* at = numbers;
  if (expires_at_ms != 0) at = store_varint64(at, expires_at_ms);
  at = store_varint64(at, value.size());
  out_.append(numbers, static_cast<std::size_t>(at - numbers));
  out_.append(value);
}

void LogBatchEncoder::erase(uint32_t space, std::string_view key) {
  append_key(EffectType::kTombstone, space, key);
}

void LogBatchEncoder::erase_range(std::string_view start, std::string_view end) {
  out_.push_back(static_cast<char>(EffectType::kRangeTombstone));
  append_length_prefixed(out_, start);
  append_length_prefixed(out_, end);
  ++effects_;
}

void LogBatchEncoder::nothing() {
  out_.push_back(static_cast<char>(EffectType::kNothing));
  ++effects_;
}

void LogBatchEncoder::finish(SequenceNumber first_sequence, uint64_t now_ms) {
  char* at = out_.data() + start_;
  *at++ = static_cast<char>(kLogBatchVersion);
  store_fixed64(at, first_sequence);
  store_fixed64(at + 8, now_ms);
  store_fixed32(at + 16, effects_);
}

LogBatchDecoder::LogBatchDecoder(std::string_view payload) : from_(payload) {
  const uint8_t version = from_.fixed8();
  header_.first_sequence = from_.fixed64();
  header_.now_ms = from_.fixed64();
  header_.effects = from_.fixed32();
  if (!from_.ok()) {
    fail("a header of 21 bytes");
  } else if (version != kLogBatchVersion) {
    fail("resolved batch version 1 (found " + std::to_string(version) + ")");
  } else if (header_.first_sequence > kMaxSequence ||
             header_.effects > kMaxSequence - header_.first_sequence) {
    fail("a sequence number below 2^56");
  }
}

std::optional<Effect> read_effect(Decoder& from) {
  Effect effect;
  const uint8_t type = from.fixed8();
  if (type > static_cast<uint8_t>(EffectType::kNothing)) return std::nullopt;
  effect.type = static_cast<EffectType>(type);
  if (effect.type != EffectType::kNothing) effect.key = from.length_prefixed();
  if (effect.type == EffectType::kPutExpiring) effect.expires_at_ms = from.varint64();
  if (effect.type == EffectType::kPut || effect.type == EffectType::kPutExpiring ||
      effect.type == EffectType::kRangeTombstone) {
    effect.value = from.length_prefixed();
  }
  if (!from.ok()) return std::nullopt;
  return effect;
}

std::optional<Effect> LogBatchDecoder::next() {
  if (!failure_.empty()) return std::nullopt;
  if (seen_ == header_.effects) {
    if (!from_.finished()) fail("the end after the last effect");
    return std::nullopt;
  }
  std::optional<Effect> effect = read_effect(from_);
  if (!effect) {
    fail("effect " + std::to_string(seen_) + " of " + std::to_string(header_.effects));
    return std::nullopt;
  }
  ++seen_;
  return effect;
}

void LogBatchDecoder::fail(std::string_view expected) {
  failure_ = "resolved batch, offset " + std::to_string(from_.position()) + ": expected " +
             std::string(expected) + ", found " + std::to_string(from_.remaining()) +
             " bytes of something else";
}

Status LogBatchDecoder::status() const {
  if (failure_.empty()) return Status::ok();
  return {StatusCode::CORRUPTION, failure_};
}

}  // namespace kvhost::engine
