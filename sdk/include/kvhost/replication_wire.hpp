// The outcome of a proposal as bytes, for strategies that forward proposals: the leader encodes
// what apply told it, the follower decodes it and hands it to its own caller.
//
//   leader:    reply.append(encode_outcome(status, result));
//   follower:  const auto outcome = decode_outcome(bytes);
//              const kvh_result result = outcome->result();
//              done.result(0, outcome->status, outcome->has_result ? &result : nullptr);
//
// Threads:   functions any; an Outcome one at a time.
// Lifetime:  an Outcome owns its bytes; result() borrows it.
// Errors:    decode_outcome(): PROTOCOL_ERROR, which names the offset. Counts and lengths are
// checked
//            against the bytes that are there before anything is allocated.
// Format:    little-endian. Byte 0: 1. Byte 1: flags (1: a result follows). 2 bytes length of the
//            words, 4 bytes status code, the words. The result: 8 bytes each version, index,
//            now_ms; 4 bytes each count of items and of failed conditions; an item is 1 byte
//            existed, 8 bytes number, 8 bytes version; a failed condition is 8 bytes index, 8 bytes
//            current version.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "kvhost/abi/store.h"
#include "kvhost/detail/boundary.hpp"
#include "kvhost/result.hpp"

namespace kvhost {

// What one batch came to, on whichever node it was ordered.
struct Outcome {
  Status status;
  bool has_result = false;
  uint64_t version = 0;
  uint64_t index = 0;
  uint64_t now_ms = 0;
  std::vector<kvh_op_result> items;
  std::vector<kvh_failed_condition> failed;

  // Copies; `result` may be null.
  static Outcome of(Status status, const kvh_result* result);
  // The C form; it means something only where has_result says so.
  kvh_result result() const {
    return {sizeof(kvh_result),
            0,
            version,
            index,
            now_ms,
            items.data(),
            items.size(),
            sizeof(kvh_op_result),
            failed.data(),
            failed.size(),
            sizeof(kvh_failed_condition)};
  }
};

namespace detail {

inline constexpr uint8_t kOutcomeFormat = 1;
inline constexpr uint8_t kOutcomeHasResult = 1;
inline constexpr std::size_t kOutcomeItemBytes = 1 + 8 + 8;
inline constexpr std::size_t kOutcomeFailedBytes = 8 + 8;

template <typename Integer>
void append_little_endian(std::string& out, Integer value) {
  auto rest = static_cast<std::make_unsigned_t<Integer>>(value);
  for (std::size_t i = 0; i < sizeof(Integer); ++i) {
    out.push_back(static_cast<char>(rest & 0xff));
    if constexpr (sizeof(Integer) > 1) rest >>= 8;
  }
}

// Reads integers from the front; fails for good when bytes run out.
class WireReader {
 public:
  explicit WireReader(std::string_view bytes) : bytes_(bytes) {}
  template <typename Integer>
  Integer take() {
    std::make_unsigned_t<Integer> value = 0;
    const std::string_view raw = take_bytes(sizeof(Integer));
    for (std::size_t i = raw.size(); i-- > 0;) {
      if constexpr (sizeof(Integer) > 1) value <<= 8;
      value = static_cast<std::make_unsigned_t<Integer>>(value | static_cast<uint8_t>(raw[i]));
    }
    return static_cast<Integer>(value);
  }
  std::string_view take_bytes(std::size_t count) {
    if (!ok_ || count > bytes_.size() - at_) {
      ok_ = false;
      return {};
    }
    at_ += count;
    return bytes_.substr(at_ - count, count);
  }
  bool ok() const { return ok_; }
  std::size_t at() const { return at_; }
  std::size_t left() const { return ok_ ? bytes_.size() - at_ : 0; }

 private:
  std::string_view bytes_;
  std::size_t at_ = 0;
  bool ok_ = true;
};

inline Status bad_outcome(std::size_t at, std::string_view what) {
  return {StatusCode::PROTOCOL_ERROR,
          "forwarded outcome: offset " + std::to_string(at) + ": " + std::string(what)};
}

}  // namespace detail

inline Outcome Outcome::of(Status status, const kvh_result* result) {
  Outcome outcome;
  outcome.status = std::move(status);
  if (result == nullptr) return outcome;
  outcome.has_result = true;
  outcome.version = result->version;
  outcome.index = result->index;
  outcome.now_ms = result->now_ms;
  outcome.items.reserve(result->item_count);
  for (uint64_t i = 0; i < result->item_count; ++i) {
    outcome.items.push_back(detail::strided(result->items, result->item_stride, i));
  }
  outcome.failed.reserve(result->failed_count);
  for (uint64_t i = 0; i < result->failed_count; ++i) {
    outcome.failed.push_back(detail::strided(result->failed, result->failed_stride, i));
  }
  return outcome;
}

inline std::string encode_outcome(const Status& status, const kvh_result* result) {
  std::string out;
  const std::string_view words =
      std::string_view(status.message()).substr(0, KVH_ERROR_TEXT_CAPACITY);
  out.push_back(static_cast<char>(detail::kOutcomeFormat));
  out.push_back(static_cast<char>(result == nullptr ? 0 : detail::kOutcomeHasResult));
  detail::append_little_endian(out, static_cast<uint16_t>(words.size()));
  detail::append_little_endian(out, static_cast<int32_t>(status.code()));
  out.append(words);
  if (result == nullptr) return out;
  detail::append_little_endian(out, result->version);
  detail::append_little_endian(out, result->index);
  detail::append_little_endian(out, result->now_ms);
  detail::append_little_endian(out, static_cast<uint32_t>(result->item_count));
  detail::append_little_endian(out, static_cast<uint32_t>(result->failed_count));
  for (uint64_t i = 0; i < result->item_count; ++i) {
    const auto& item = detail::strided(result->items, result->item_stride, i);
    out.push_back(static_cast<char>(item.existed != 0 ? 1 : 0));
    detail::append_little_endian(out, item.number);
    detail::append_little_endian(out, item.version);
  }
  for (uint64_t i = 0; i < result->failed_count; ++i) {
    const auto& failed = detail::strided(result->failed, result->failed_stride, i);
    detail::append_little_endian(out, failed.index);
    detail::append_little_endian(out, failed.current_version);
  }
  return out;
}

// Takes exactly the bytes of one outcome.
inline Result<Outcome> decode_outcome(std::string_view bytes) {
  detail::WireReader reader(bytes);
  const auto format = reader.take<uint8_t>();
  const auto flags = reader.take<uint8_t>();
  const auto word_bytes = reader.take<uint16_t>();
  const auto code = reader.take<int32_t>();
  if (!reader.ok()) return detail::bad_outcome(reader.at(), "it ends inside its head");
  if (format != detail::kOutcomeFormat || flags > detail::kOutcomeHasResult) {
    return detail::bad_outcome(0, "expected format 1 and flags 0 or 1, found format " +
                                      std::to_string(format) + " and flags " +
                                      std::to_string(flags));
  }
  if (code < 0 || static_cast<std::size_t>(code) >= kStatusTable.size()) {
    return detail::bad_outcome(4, "unknown status code " + std::to_string(code));
  }
  const std::string_view words = reader.take_bytes(word_bytes);
  if (!reader.ok()) return detail::bad_outcome(reader.at(), "it ends inside its words");
  Outcome outcome;
  if (code != KVH_OK) outcome.status = Status(static_cast<StatusCode>(code), std::string(words));
  outcome.has_result = flags == detail::kOutcomeHasResult;
  if (outcome.has_result) {
    outcome.version = reader.take<uint64_t>();
    outcome.index = reader.take<uint64_t>();
    outcome.now_ms = reader.take<uint64_t>();
    const auto items = reader.take<uint32_t>();
    const auto failed = reader.take<uint32_t>();
    const uint64_t needed = uint64_t{items} * detail::kOutcomeItemBytes +
                            uint64_t{failed} * detail::kOutcomeFailedBytes;
    if (!reader.ok() || needed != reader.left()) {
      return detail::bad_outcome(reader.at(), "expected " + std::to_string(needed) +
                                                  " bytes of items, found " +
                                                  std::to_string(reader.left()));
    }
    outcome.items.reserve(items);
    for (uint32_t i = 0; i < items; ++i) {
      const auto existed = reader.take<uint8_t>();
      const auto number = reader.take<int64_t>();
      outcome.items.push_back({existed, 0, number, reader.take<uint64_t>()});
    }
    outcome.failed.reserve(failed);
    for (uint32_t i = 0; i < failed; ++i) {
      const auto index = reader.take<uint64_t>();
      outcome.failed.push_back({index, reader.take<uint64_t>()});
    }
  }
  if (reader.left() != 0) {
    return detail::bad_outcome(reader.at(), std::to_string(reader.left()) + " bytes too many");
  }
  return outcome;
}

}  // namespace kvhost
