#include "store/request_record.hpp"

#include <bit>
#include <cstring>

namespace kvhost::host {
namespace {

constexpr uint8_t kFormat = 1;
constexpr std::size_t kHeadBytes = 2 + 8 + 4;
constexpr std::size_t kAnswerBytes = 1 + 8;

template <typename T>
void append(std::string& out, T value) {
  char raw[sizeof(T)];
  std::memcpy(raw, &value, sizeof(T));
  out.append(raw, sizeof(T));
}

template <typename T>
T load(std::string_view bytes, std::size_t at) {
  T value;
  std::memcpy(&value, bytes.data() + at, sizeof(T));
  return value;
}

Status damaged(const std::string& what) {
  return {StatusCode::CORRUPTION, "the stored record of a request id is damaged: " + what};
}

}  // namespace

uint64_t fingerprint_of(std::string_view bytes) {
  static_assert(std::endian::native == std::endian::little);
  constexpr uint64_t kMultiplier = 0x9E3779B97F4A7C15u;
  uint64_t hash = bytes.size() * kMultiplier;
  const auto mix = [&](uint64_t word) {
    hash = std::rotl((hash ^ word) * kMultiplier, 29);
    hash ^= hash >> 32;
  };
  std::size_t at = 0;
  for (; at + 8 <= bytes.size(); at += 8) mix(load<uint64_t>(bytes, at));
  uint64_t rest = 0;
  std::memcpy(&rest, bytes.data() + at, bytes.size() - at);
  mix(rest);
  return hash * kMultiplier;
}

std::string encode_record(const RequestRecord& record) {
  std::string out;
  append(out, kFormat);
  append(out, static_cast<uint8_t>(record.state));
  append(out, record.fingerprint);
  append(out, record.ops);
  if (record.state != RecordState::kWithAnswers) return out;
  append(out, record.first_version);
  for (const auto& answer : record.answers) {
    append(out, static_cast<uint8_t>(answer.existed));
    append(out, answer.number);
  }
  return out;
}

Result<RequestRecord> decode_record(std::string_view bytes) {
  if (bytes.size() < kHeadBytes) {
    return damaged(std::to_string(bytes.size()) + " bytes, at least " + std::to_string(kHeadBytes) +
                   " expected");
  }
  const auto format = load<uint8_t>(bytes, 0);
  const auto state = load<uint8_t>(bytes, 1);
  if (format != kFormat || state > static_cast<uint8_t>(RecordState::kAppended)) {
    return damaged("format " + std::to_string(format) + ", state " + std::to_string(state));
  }
  RequestRecord record;
  record.state = static_cast<RecordState>(state);
  record.fingerprint = load<uint64_t>(bytes, 2);
  record.ops = load<uint32_t>(bytes, 10);
  const bool has_version = record.state == RecordState::kWithAnswers;
  if (!has_version && record.state != RecordState::kAppended) return record;

  const std::size_t answers_at = kHeadBytes + (has_version ? 8 : 0);
  const uint64_t expected = answers_at + uint64_t{record.ops} * kAnswerBytes;
  if (bytes.size() != expected) {
    return damaged(std::to_string(bytes.size()) + " bytes for " + std::to_string(record.ops) +
                   " answers, " + std::to_string(expected) + " expected");
  }
  if (has_version) record.first_version = load<uint64_t>(bytes, kHeadBytes);
  for (uint32_t i = 0; i < record.ops; ++i) {
    const std::size_t at = answers_at + i * kAnswerBytes;
    record.answers.push_back({load<uint8_t>(bytes, at), 0, load<int64_t>(bytes, at + 1), 0});
  }
  return record;
}

WriteOutcome outcome_of(const RequestRecord& record, uint64_t version) {
  WriteOutcome outcome;
  const uint64_t first =
      record.state == RecordState::kWithAnswers ? record.first_version : version - record.ops;
  outcome.items = record.answers;
  outcome.items.resize(record.ops);
  for (uint32_t i = 0; i < record.ops; ++i) {
    outcome.items[i].version = first + i;
  }
  outcome.version = first + record.ops - 1;
  return outcome;
}

}  // namespace kvhost::host
