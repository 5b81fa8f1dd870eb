// What the client's calls take and give. Everything is owned.
//
// Threads:   values.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kvhost/result.hpp"
#include "kvhost/store.hpp"

namespace kvhost::client {

struct ClientOptions {
  // "HOST:PORT"; tried in order, and again from the next one when a connection is lost.
  std::vector<std::string> endpoints = {"127.0.0.1:9090"};
  std::chrono::milliseconds connect_timeout{2000};  // per endpoint, the handshake included
  std::chrono::milliseconds request_timeout{5000};  // for calls that give none of their own
  // How much longer than a request's deadline the client waits for the node's word on it.
  std::chrono::milliseconds answer_grace{200};
  // Unanswered requests on one connection; the node may allow fewer. At the limit calls wait.
  uint32_t max_in_flight = 1024;
  std::string name = "kvhost-client";  // in the node's log
  std::string user;                    // with a secret: every connection authenticates
  std::string secret;
};

// The circumstances of one call.
struct CallOptions {
  std::optional<std::chrono::milliseconds> timeout;  // above 0
  uint32_t space = 0;
  ReadLevel read_level = ReadLevel::kDefault;
  uint64_t snapshot = 0;
  // At most 128 bytes: a write that is sent again with the same id is applied once.
  std::string request_id;
  std::string trace;  // at most 255 bytes
};

struct Entry {
  std::string key;
  std::string value;
  uint64_t version = 0;
  uint64_t expires_at_ms = 0;  // Unix; 0 = never
  uint64_t ttl_ms = 0;         // what is left; 0 = no ttl
};

struct PutOptions : CallOptions {
  std::chrono::milliseconds ttl{0};  // 0 = none
};

struct EraseOptions : CallOptions {
  // Asks the node whether the key was there, which costs it a read.
  bool want_existed = false;
};

// Writes that happen together or not at all, in their order, if all conditions hold.
class WriteBatch {
 public:
  WriteBatch& put(std::string_view key, std::string_view value,
                  std::chrono::milliseconds ttl = std::chrono::milliseconds(0),
                  bool keep_ttl = false);
  WriteBatch& erase(std::string_view key, bool want_existed = false);
  // Without `end`: to the end of the space.
  WriteBatch& erase_range(std::string_view start, std::optional<std::string_view> end);
  WriteBatch& increment(std::string_view key, int64_t by);

  WriteBatch& require_absent(std::string_view key);
  WriteBatch& require_present(std::string_view key);
  WriteBatch& require_version(std::string_view key, uint64_t version);
  WriteBatch& require_value(std::string_view key, std::string_view value);

  std::size_t size() const { return ops_.size(); }
  bool empty() const { return ops_.empty(); }
  // Of keys and values, bytes.
  std::size_t bytes() const { return bytes_; }
  void clear();

 private:
  friend class Client;
  struct Op {
    uint32_t type = 0;
    uint32_t flags = 0;
    std::string key;
    std::string value;
    uint64_t ttl_ms = 0;
    int64_t by = 0;
  };
  struct Condition {
    uint32_t type = 0;
    std::string key;
    uint64_t version = 0;
    std::string value;
  };
  Op& add(uint32_t type, uint32_t flags, std::string_view key, std::string_view value);
  WriteBatch& require(uint32_t type, std::string_view key, uint64_t version,
                      std::string_view value);

  std::vector<Op> ops_;
  std::vector<Condition> conditions_;
  std::size_t bytes_ = 0;
};

struct OpResult {
  bool existed = false;  // where asked for, and for increments
  int64_t number = 0;    // of an increment: the sum
  uint64_t version = 0;
};
struct FailedCondition {
  uint64_t index = 0;            // among the batch's conditions
  uint64_t current_version = 0;  // 0 = absent
};
// A condition that does not hold is an answer, not an error: then nothing was written, `applied` is
// false and `failed` says which.
struct WriteResult {
  bool applied = true;
  uint64_t version = 0;
  std::vector<OpResult> items;  // one per operation
  std::vector<FailedCondition> failed;
};
struct EraseResult {
  uint64_t version = 0;
  bool existed = false;  // only with want_existed
};
struct IncrementResult {
  int64_t value = 0;
  uint64_t version = 0;
};

struct Range {
  std::string start;               // inclusive
  std::optional<std::string> end;  // exclusive; none = to the end of the space
  bool reverse = false;
  bool keys_only = false;

  // All keys that begin with `prefix`.
  static Range with_prefix(std::string_view prefix);
};
struct ScanOptions : CallOptions {
  uint32_t max_rows = 0;   // of one page; 0 = the node's choice
  uint32_t max_bytes = 0;  // of one page, about; 0 = the node's choice
};
struct ScanPage {
  std::vector<Entry> rows;
  std::optional<Range> next;  // where to go on; none at the end
};

// What the node said of itself in the handshake.
struct NodeFacts {
  std::string node_id;
  std::string endpoint;
  uint32_t max_in_flight = 0;
  uint64_t max_key_bytes = 0;
  uint64_t max_value_bytes = 0;
  uint64_t max_frame_bytes = 0;
};

}  // namespace kvhost::client
