#include "replies.hpp"

#include "wire/reply.hpp"

namespace kvhost::client {

namespace {

// The frame of a reply that is no failure.
Result<tcp::Frame> checked(const Result<tcp::Frame>& reply) {
  if (reply && reply->is_error()) return tcp::decode_error(*reply).status;
  return reply;
}

Entry owned(const EntryView& view) {
  return {std::string(view.key), std::string(view.value), view.version, view.expires_at_ms,
          view.ttl_ms};
}

Status wrong_count(std::size_t found) {
  return {StatusCode::PROTOCOL_ERROR,
          "a reply with 1 row was expected, one with " + std::to_string(found) + " came"};
}

}  // namespace

Result<std::optional<Entry>> to_entry(const Result<tcp::Frame>& reply) {
  KVHOST_TRY_ASSIGN(const auto frame, checked(reply));
  KVHOST_TRY_ASSIGN(const auto rows, tcp::decode_rows_reply(frame));
  if (rows.rows.size() != 1) return wrong_count(rows.rows.size());
  std::optional<Entry> entry;
  if (rows.rows[0].found) entry = owned(rows.rows[0]);
  return entry;
}

Result<std::vector<std::optional<Entry>>> to_entries(const Result<tcp::Frame>& reply) {
  KVHOST_TRY_ASSIGN(const auto frame, checked(reply));
  KVHOST_TRY_ASSIGN(const auto rows, tcp::decode_rows_reply(frame));
  std::vector<std::optional<Entry>> entries;
  entries.reserve(rows.rows.size());
  for (const auto& row : rows.rows) {
    entries.push_back(row.found ? std::optional(owned(row)) : std::nullopt);
  }
  return entries;
}

Result<Rows> to_rows(const Result<tcp::Frame>& reply) {
  KVHOST_TRY_ASSIGN(const auto frame, checked(reply));
  KVHOST_TRY_ASSIGN(const auto decoded, tcp::decode_rows_reply(frame));
  Rows rows;
  rows.more = decoded.more;
  rows.rows.reserve(decoded.rows.size());
  for (const auto& row : decoded.rows) rows.rows.push_back(owned(row));
  return rows;
}

Result<WriteResult> to_write_result(const Result<tcp::Frame>& reply) {
  if (!reply) return reply.error();
  WriteResult result;
  WriteReply wire;
  if (reply->is_error()) {
    auto error = tcp::decode_error(*reply);
    if (error.status.code() != StatusCode::CONDITION_FAILED) return error.status;
    result.applied = false;
    wire = std::move(error.write);
  } else {
    KVHOST_TRY_ASSIGN(wire, tcp::decode_write_reply(*reply));
  }
  result.version = wire.version;
  result.items.reserve(wire.items.size());
  for (const auto& item : wire.items) {
    result.items.push_back({item.existed != 0, item.number, item.version});
  }
  for (const auto& failed : wire.failed) {
    result.failed.push_back({failed.index, failed.current_version});
  }
  return result;
}

Result<uint64_t> to_handle(const Result<tcp::Frame>& reply) {
  KVHOST_TRY_ASSIGN(const auto frame, checked(reply));
  return tcp::decode_handle_reply(frame);
}

Result<std::string> to_text(const Result<tcp::Frame>& reply) {
  KVHOST_TRY_ASSIGN(const auto frame, checked(reply));
  return std::string(frame.payload);
}

Result<uint64_t> to_version(const Result<WriteResult>& result) {
  if (!result) return result.error();
  if (!result->applied) {
    return Status(StatusCode::PROTOCOL_ERROR, "a condition failed that was never stated");
  }
  return result->version;
}

}  // namespace kvhost::client
