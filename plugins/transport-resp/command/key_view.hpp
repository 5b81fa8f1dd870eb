// The keys that a command, or a whole transaction, works on: as they were read, and as the commands
// leave them. Handlers are plain functions over it; what they changed becomes one conditional
// batch.
//
// Threads:   one.
// Lifetime:  a Record's value lives until its key is written or the view is cleared.
#pragma once

#include <bitset>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "kvhost/store.hpp"

namespace kvhost::resp {

inline constexpr uint32_t kDatabases = 16;

// When a record that is put shall end.
struct Expiry {
  enum class Kind : uint8_t { kNever, kAfter, kAt };
  Kind kind = Kind::kNever;
  uint64_t ms = 0;

  static Expiry never() { return {}; }
  static Expiry after(uint64_t ttl_ms) { return {Kind::kAfter, ttl_ms}; }
  static Expiry at(uint64_t unix_ms) { return {Kind::kAt, unix_ms}; }
};

struct Record {
  std::string value;
  uint64_t expires_at_ms = 0;  // 0: never
  uint64_t ttl_ms = 0;         // what was left when it was read or put; 0: no ttl

  Expiry expiry() const { return expires_at_ms == 0 ? Expiry::never() : Expiry::at(expires_at_ms); }
};

// What an operation's flags or a condition's type need for a key of `space` in a call for another.
uint32_t in_space(uint32_t space, uint32_t call_space);

class KeyView {
 public:
  // ---- for handlers
  uint32_t space() const { return space_; }
  void select(uint32_t space) { space_ = space; }
  uint64_t now_ms() const { return now_ms_; }
  uint64_t max_value_bytes() const { return max_value_bytes_; }

  // Null: absent. The key must have been asked for by want().
  const Record* find(std::string_view key) const { return find(space_, key); }
  const Record* find(uint32_t space, std::string_view key) const;
  void put(std::string_view key, std::string value, Expiry expiry) {
    put(space_, key, std::move(value), expiry);
  }
  void put(uint32_t space, std::string_view key, std::string value, Expiry expiry);
  // The same key with another value; its end stays.
  void change(std::string_view key, std::string value);
  void erase(std::string_view key) { erase(space_, key); }
  void erase(uint32_t space, std::string_view key);
  void erase_all(uint32_t space);
  // The keys of a space as the transaction sees them, in order; the space must have been listed.
  std::vector<std::string> keys(uint32_t space) const;

  // ---- for who reads and writes the store
  struct Item {
    uint32_t space = 0;
    std::string key;
    bool was_found = false;
    uint64_t version = 0;
    bool is_found = false;
    bool is_written = false;
    Expiry expiry;
    Record record;
  };
  void begin(uint32_t space, uint64_t now_ms, uint64_t max_value_bytes);
  void want(uint32_t space, std::string_view key);
  const std::deque<Item>& items() const { return items_; }
  void loaded(std::size_t index, const kvh_entry& entry);
  void add_listing(uint32_t space, std::vector<std::string> keys);
  // Forgets what was read and changed, and keeps what is wanted.
  void restart(uint64_t now_ms);
  bool has_changes() const;
  // For a call in `call_space`; borrows this.
  std::vector<kvh_op> changes(uint32_t call_space) const;
  std::vector<kvh_condition> conditions(uint32_t call_space) const;

 private:
  Item* item(uint32_t space, std::string_view key);
  const Item* item(uint32_t space, std::string_view key) const {
    return const_cast<KeyView*>(this)->item(space, key);
  }
  Item& wanted(uint32_t space, std::string_view key);

  uint32_t space_ = 0;
  uint64_t now_ms_ = 0;
  uint64_t max_value_bytes_ = 0;
  std::deque<Item> items_;
  // Made when there are many.
  std::unordered_map<std::string, std::size_t> index_;
  std::bitset<kDatabases> cleared_;
  std::unordered_map<uint32_t, std::vector<std::string>> listings_;
};

}  // namespace kvhost::resp
