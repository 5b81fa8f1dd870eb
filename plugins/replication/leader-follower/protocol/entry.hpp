// One entry of the log. Its payload is what the journal stores and what travels to followers; it is
// made once and shared, never copied.
//
// Threads:   values; a payload does not change once it is ordered.
// Format:    docs/protocols/replication.md, "Entries": kind u8, leader u64, now_ms u64, body.
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "kvhost/result.hpp"
#include "protocol/position.hpp"

namespace kvhost::leader_follower {

enum class EntryKind : uint8_t {
  kNothing = 0,  // the first entry of an epoch, and ticks of an idle leader
  kBatch = 1,
  kMembers = 2,
};

inline constexpr std::size_t kPayloadHeadBytes = 17;

// Bytes and what keeps them alive: a payload of its own, or a part of a received frame.
struct Slice {
  std::shared_ptr<const std::string> owner;
  std::string_view bytes;

  static Slice of(std::string text) {
    auto owner = std::make_shared<const std::string>(std::move(text));
    const std::string_view bytes = *owner;
    return {std::move(owner), bytes};
  }
};

// A payload that is not ordered yet: room for the head, then the body.
using DraftPayload = std::shared_ptr<std::string>;
DraftPayload draft_payload(std::string_view body);

struct Entry {
  uint64_t index = 0;
  uint64_t counter = 0;  // of its epoch
  Slice payload;

  // The payload must pass check_payload().
  EntryKind kind() const { return static_cast<EntryKind>(payload.bytes[0]); }
  Epoch epoch() const { return {counter, number_at(1)}; }
  uint64_t now_ms() const { return number_at(9); }
  std::string_view body() const { return payload.bytes.substr(kPayloadHeadBytes); }
  LogPosition position() const { return {epoch(), index}; }

  // Writes the head of a draft, which is then ordered.
  static Entry order(uint64_t index, Epoch epoch, EntryKind kind, uint64_t now_ms,
                     DraftPayload draft);

 private:
  uint64_t number_at(std::size_t offset) const {
    uint64_t value = 0;
    std::memcpy(&value, payload.bytes.data() + offset, sizeof(value));
    return value;
  }
};

// PROTOCOL_ERROR for bytes that are no entry's payload.
Status check_payload(std::string_view payload);

}  // namespace kvhost::leader_follower
