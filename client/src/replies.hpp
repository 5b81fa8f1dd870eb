// From frames to what the client's calls give.
//
// Threads:   pure functions.
// Errors:    the node's own, or PROTOCOL_ERROR for a reply that makes no sense.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "kvhost/client/types.hpp"
#include "wire/frame.hpp"

namespace kvhost::client {

Result<std::optional<Entry>> to_entry(const Result<tcp::Frame>& reply);
Result<std::vector<std::optional<Entry>>> to_entries(const Result<tcp::Frame>& reply);
struct Rows {
  std::vector<Entry> rows;
  bool more = false;
};
Result<Rows> to_rows(const Result<tcp::Frame>& reply);
Result<WriteResult> to_write_result(const Result<tcp::Frame>& reply);
Result<uint64_t> to_handle(const Result<tcp::Frame>& reply);
Result<std::string> to_text(const Result<tcp::Frame>& reply);

// A write whose caller stated no condition cannot fail one.
Result<uint64_t> to_version(const Result<WriteResult>& result);

}  // namespace kvhost::client
