// The payload of a log record: the resolved effects of one batch. Conditions, increments and ttls
// are gone by then: replaying a record needs nothing but the record.
//
// Threads:   LogBatchEncoder and LogBatchDecoder: one.
// Lifetime:  decoded views borrow the payload.
// Errors:    CORRUPTION names the offset within the payload.
// Format:    docs/formats/batch.md, "Resolved batches"
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/coding.hpp"
#include "format/record.hpp"
#include "kvhost/result.hpp"

namespace kvhost::engine {

// What one operation came to. The numbers are stored.
enum class EffectType : uint8_t {
  kTombstone = 0,
  kPut = 1,
  kRangeTombstone = 2,
  kPutExpiring = 3,
  // Consumes its sequence number and changes nothing: an empty range.
  kNothing = 4,
};

struct LogBatchHeader {
  SequenceNumber first_sequence = 0;
  uint64_t now_ms = 0;
  uint32_t effects = 0;
};

// One decoded effect; its sequence number is the header's first plus its place.
struct Effect {
  EffectType type = EffectType::kNothing;
  std::string_view key;    // engine key; the start of a range
  std::string_view value;  // the end of a range
  uint64_t expires_at_ms = 0;
};

// Reads one effect; the decoder fails on malformed bytes, and nothing comes back.
std::optional<Effect> read_effect(Decoder& from);

// Builds payloads one after another in one growing buffer, so that a group needs no allocation once
// the buffer has found its size. The header is patched in when a batch is complete.
class LogBatchEncoder {
 public:
  // Version, first sequence, now_ms, count of effects.
  static constexpr std::size_t kHeaderSize = 1 + 8 + 8 + 4;

  explicit LogBatchEncoder(std::string& out) : out_(out) {}

  // Reserves the header of a new batch at the end of the buffer.
  void begin();
  // Views returned by decoding the buffer move when it grows: decode after the last finish().
  void put(uint32_t space, std::string_view key, std::string_view value, uint64_t expires_at_ms);
  void erase(uint32_t space, std::string_view key);
  void erase_range(std::string_view start_engine_key, std::string_view end_engine_key);
  void nothing();
  // Fills in the header; the payload is the buffer from start() on.
  void finish(SequenceNumber first_sequence, uint64_t now_ms);
  // Forgets the batch that was begun.
  void abandon() { out_.resize(start_); }

  std::size_t start() const { return start_; }
  uint32_t effects() const { return effects_; }

 private:
  void append_key(EffectType type, uint32_t space, std::string_view key);

  std::string& out_;
  std::size_t start_ = 0;
  uint32_t effects_ = 0;
};

class LogBatchDecoder {
 public:
  // Reads the header; check status() before anything else.
  explicit LogBatchDecoder(std::string_view payload);

  const LogBatchHeader& header() const { return header_; }
  // The next effect, or nothing at the end or on malformed bytes, which status() tells apart.
  std::optional<Effect> next();
  Status status() const;

 private:
  void fail(std::string_view expected);

  Decoder from_;
  LogBatchHeader header_;
  uint32_t seen_ = 0;
  std::string failure_;
};

}  // namespace kvhost::engine
