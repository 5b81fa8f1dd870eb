// What an operation came to: a code of the one status table and, on failure, words for a person.
//
// Threads:   a Status is a value.
// Errors:    a failure always carries a non-empty message that names the place; the table adds the
//            remedy. An absent key is a value, never a Status, inside a process.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "kvhost/abi/status.h"

namespace kvhost {

enum class StatusCode : int32_t {
#define KVHOST_STATUS_ENUM(number, NAME, ...) NAME = number,
  KVH_STATUS_TABLE(KVHOST_STATUS_ENUM)
#undef KVHOST_STATUS_ENUM
};

// One row of the status table.
struct StatusInfo {
  StatusCode code;
  std::string_view name;
  bool retryable;
  int http_status;
  std::string_view resp_prefix;
  int kvctl_exit;
  int kvhost_exit;
  std::string_view meaning;
  std::string_view remedy;
};

inline constexpr auto kStatusTable = std::to_array<StatusInfo>({
#define KVHOST_STATUS_ROW(number, NAME, text, retryable, http, resp, ctl_exit, host_exit, meaning, \
                          remedy)                                                                  \
  StatusInfo{StatusCode::NAME, text,      retryable != 0, http,  resp,                             \
             ctl_exit,         host_exit, meaning,        remedy},
    KVH_STATUS_TABLE(KVHOST_STATUS_ROW)
#undef KVHOST_STATUS_ROW
});

// The row of `code`; a number that this build does not know reads as `internal`.
constexpr const StatusInfo& status_info(StatusCode code) {
  const auto index = static_cast<std::size_t>(static_cast<int32_t>(code));
  return index < kStatusTable.size()
             ? kStatusTable[index]
             : kStatusTable[static_cast<std::size_t>(static_cast<int32_t>(StatusCode::INTERNAL))];
}

// The code with the table's text name (`key-absent`), or INTERNAL for an unknown name.
constexpr StatusCode status_code_from_name(std::string_view name) {
  for (const auto& row : kStatusTable) {
    if (row.name == name) return row.code;
  }
  return StatusCode::INTERNAL;
}

class [[nodiscard]] Status {
 public:
  Status() = default;
  // An empty message on a failure is replaced by the table's meaning.
  Status(StatusCode code, std::string message) : code_(code), message_(std::move(message)) {
    if (code_ != StatusCode::OK && message_.empty()) message_ = status_info(code_).meaning;
  }

  static Status ok() { return {}; }
  bool is_ok() const { return code_ == StatusCode::OK; }
  explicit operator bool() const { return is_ok(); }

  StatusCode code() const { return code_; }
  const StatusInfo& info() const { return status_info(code_); }
  const std::string& message() const { return message_; }
  // `name: message`, for logs.
  std::string to_string() const {
    if (is_ok()) return "ok";
    return std::string(info().name) + ": " + message_;
  }
  // The same failure with `context: ` put before the message.
  Status with_context(std::string_view context) const {
    if (is_ok()) return *this;
    return {code_, std::string(context) + ": " + message_};
  }

 private:
  StatusCode code_ = StatusCode::OK;
  std::string message_;
};

}  // namespace kvhost
