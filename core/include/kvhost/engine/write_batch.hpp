// A list of changes that happen all together or not at all, with the conditions they hang on.
//
// Threads:   a value; one thread at a time.
// Lifetime:  owns its bytes.
// Format:    docs/formats/batch.md; the same bytes travel to replicas.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "kvhost/result.hpp"

namespace kvhost::engine {

// When a put's record expires.
struct Expiry {
  enum class Kind : uint8_t {
    kNone = 0,      // never; an old ttl is removed
    kAfter = 1,     // value_ms after the batch's now_ms
    kAt = 2,        // value_ms since the Unix epoch
    kKeepOld = 3,   // as the record that is replaced
  };
  Kind kind = Kind::kNone;
  uint64_t value_ms = 0;

  static Expiry never() { return {}; }
  static Expiry after_ms(uint64_t ttl_ms) { return {Kind::kAfter, ttl_ms}; }
  static Expiry at_ms(uint64_t unix_ms) { return {Kind::kAt, unix_ms}; }
  static Expiry keep_old() { return {Kind::kKeepOld, 0}; }
};

enum class OpType : uint8_t { kPut = 1, kDelete = 2, kDeleteRange = 3, kIncrement = 4 };
enum class ConditionType : uint8_t { kAbsent = 1, kVersion = 2, kValue = 3, kPresent = 4 };

// What an operation's result shall tell; each costs a read of the old record.
inline constexpr uint8_t kWantExisted = 1;
// Of a put that is the batch's last operation: the record's value is the given one and then, for
// each operation before it, one byte OpResult::existed and eight bytes OpResult::number,
// little-endian. So what a batch came to is stored with it, on every replica.
inline constexpr uint8_t kAppendAnswers = 2;

// One operation as a reader of a batch sees it; views borrow the batch.
struct BatchOp {
  OpType type = OpType::kPut;
  uint8_t flags = 0;
  uint32_t space = 0;
  std::string_view key;    // kDeleteRange: the start, inclusive
  std::string_view value;  // kDeleteRange: the end, exclusive; ignored when has_end is false
  bool has_end = true;     // kDeleteRange without an end reaches to the end of the space
  Expiry expiry;
  int64_t by = 0;  // kIncrement
};

struct BatchCondition {
  ConditionType type = ConditionType::kAbsent;
  uint32_t space = 0;
  std::string_view key;
  uint64_t version = 0;
  std::string_view value;
};

class WriteBatch {
 public:
  WriteBatch();

  void put(uint32_t space, std::string_view key, std::string_view value, Expiry expiry = {},
           uint8_t flags = 0);
  void erase(uint32_t space, std::string_view key, uint8_t flags = 0);
  // Deletes the keys in [start, end); without `end`, from start to the end of the space.
  void erase_range(uint32_t space, std::string_view start, std::optional<std::string_view> end);
  // Adds to the decimal integer under `key` (absent counts as 0) and keeps its expiry.
  void increment(uint32_t space, std::string_view key, int64_t by);

  // Conditions are judged together, before any operation, against the state that the batch meets.
  void require_absent(uint32_t space, std::string_view key);
  void require_present(uint32_t space, std::string_view key);
  void require_version(uint32_t space, std::string_view key, uint64_t version);
  void require_value(uint32_t space, std::string_view key, std::string_view value);

  uint32_t op_count() const;
  uint32_t condition_count() const;
  bool empty() const { return op_count() == 0 && condition_count() == 0; }
  void clear();

  // The encoded batch, valid until the next change.
  std::string_view bytes() const { return bytes_; }
  // Takes bytes made by bytes(), checking every length and type. CORRUPTION names the offset.
  static Result<WriteBatch> parse(std::string_view bytes);

  // Walks operations and conditions in the order they were added.
  class Reader {
   public:
    explicit Reader(std::string_view batch_bytes);
    // Exactly one of the two is set per step; false at the end. CORRUPTION on malformed bytes.
    Result<bool> next();
    const std::optional<BatchOp>& op() const { return op_; }
    const std::optional<BatchCondition>& condition() const { return condition_; }

   private:
    std::string_view rest_;
    uint64_t size_ = 0;
    bool may_append_ = false;
    bool has_appended_ = false;
    std::optional<BatchOp> op_;
    std::optional<BatchCondition> condition_;
  };
  Reader reader() const { return Reader(bytes_); }

 private:
  std::string bytes_;
};

}  // namespace kvhost::engine
