// Replies as bytes: the server writes them, the client reads them.
//
// Threads:   one per object.
// Lifetime:  decoded rows are views into the payload.
// Errors:    PROTOCOL_ERROR names the message, the field and its offset.
// Format:    docs/protocols/tcp.md
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "kvhost/store.hpp"
#include "wire/frame.hpp"

namespace kvhost::tcp {

// Rows of read, scan and cursor_next: begin, add each, finish. The reply grows in `buffer`.
class RowsWriter {
 public:
  // A read's rows carry no keys: they come in the order asked for.
  RowsWriter(std::string& buffer, Opcode opcode, uint64_t id);
  void add(const kvh_entry& entry);
  uint32_t rows() const { return rows_; }
  // `more`: rows after these may exist.
  void finish(bool more);

 private:
  FrameWriter writer_;
  bool with_keys_;
  std::size_t head_;
  uint32_t rows_ = 0;
};

void encode_write_reply(std::string& buffer, uint64_t id, const kvh_result& result);
// snapshot_open, cursor_open.
void encode_handle_reply(std::string& buffer, Opcode opcode, uint64_t id, uint64_t handle);
// ping, command, info: the payload is the text itself. Empty for authenticate, cancel and close.
void encode_text_reply(std::string& buffer, Opcode opcode, uint64_t id, std::string_view text);
// `failed` is empty but for CONDITION_FAILED.
void encode_error_reply(std::string& buffer, uint16_t opcode, uint64_t id, StatusCode code,
                        std::string_view message, const kvh_result* result = nullptr);
// From the server, unasked: no new requests will be taken (goaway), or the bytes that came make no
// sense (connection error) and the connection closes.
void encode_notice(std::string& buffer, Opcode opcode, StatusCode code, std::string_view message);

struct RowsReply {
  bool more = false;
  std::vector<EntryView> rows;
};
struct ErrorReply {
  Status status;
  WriteReply write;  // with CONDITION_FAILED: which did not hold
};

Result<RowsReply> decode_rows_reply(const Frame& frame);
Result<WriteReply> decode_write_reply(const Frame& frame);
Result<uint64_t> decode_handle_reply(const Frame& frame);
// Of an error reply, a goaway or a connection error.
ErrorReply decode_error(const Frame& frame);

}  // namespace kvhost::tcp
