// Requests as bytes: RequestEncoder writes them (client), RequestDecoder reads them (server).
//
// Threads:   one per object.
// Lifetime:  a decoded request's views point into the frame's payload and live as long; its vectors
//            until the next decode().
// Errors:    PROTOCOL_ERROR names the message, the field and its offset. Every count and length is
//            checked against the bytes that are there before anything is allocated for it.
// Format:    docs/protocols/tcp.md
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kvhost/abi/store.h"
#include "kvhost/result.hpp"
#include "wire/frame.hpp"

namespace kvhost::tcp {

inline constexpr std::size_t kMaxRequestIdBytes = 128;
inline constexpr std::size_t kMaxTraceBytes = 255;

// The circumstances of a request; what has its default is not sent.
struct RequestContext {
  uint32_t deadline_ms = 0;  // from its arrival; 0 = the node's request_timeout
  uint32_t space = 0;
  uint8_t read_level = KVH_READ_DEFAULT;
  uint64_t snapshot = 0;
  std::string_view idempotency_id;  // at most kMaxRequestIdBytes
  std::string_view trace;           // at most kMaxTraceBytes

  bool is_default() const {
    return deadline_ms == 0 && space == 0 && read_level == 0 && snapshot == 0 &&
           idempotency_id.empty() && trace.empty();
  }
};

struct RangeMessage {
  uint8_t flags = 0;  // KVH_RANGE_…
  std::string_view start;
  std::string_view end;
};

class RequestEncoder {
 public:
  // Appends frames to `buffer`, which outlives the encoder.
  explicit RequestEncoder(std::string& buffer) : buffer_(buffer) {}

  void ping(uint64_t id, std::string_view payload);
  void authenticate(uint64_t id, std::string_view user, std::string_view secret);
  // Asks to hasten the pending request `target`.
  void cancel(uint64_t id, uint64_t target);
  void read(uint64_t id, const RequestContext& context, std::span<const std::string_view> keys);
  void write(uint64_t id, const RequestContext& context, std::span<const kvh_op> ops,
             std::span<const kvh_condition> conditions);
  void scan(uint64_t id, const RequestContext& context, const RangeMessage& range,
            uint32_t max_rows, uint32_t max_bytes);
  void snapshot_open(uint64_t id, const RequestContext& context);
  void snapshot_close(uint64_t id, uint64_t snapshot);
  void cursor_open(uint64_t id, const RequestContext& context, const RangeMessage& range);
  void cursor_next(uint64_t id, const RequestContext& context, uint64_t cursor, uint32_t max_rows,
                   uint32_t max_bytes);
  void cursor_close(uint64_t id, uint64_t cursor);
  void command(uint64_t id, const RequestContext& context, std::string_view name,
               std::string_view arguments);
  void info(uint64_t id, std::string_view section);

 private:
  FrameWriter begin(Opcode opcode, uint64_t id, const RequestContext& context);
  void handle_only(Opcode opcode, uint64_t id, uint64_t handle);
  std::string& buffer_;
};

// What a request's payload says; only the members of its opcode are set.
struct DecodedRequest {
  RequestContext context;
  std::vector<kvh_bytes> keys;            // read
  std::vector<kvh_op> ops;                // write
  std::vector<kvh_condition> conditions;  // write
  RangeMessage range;                     // scan, cursor_open
  uint64_t handle = 0;                    // a snapshot, a cursor, or the request to cancel
  uint32_t max_rows = 0;                  // scan, cursor_next; 0 = the server's choice
  uint32_t max_bytes = 0;
  std::string_view name;  // command, info section, user
  std::string_view text;  // arguments, secret, ping payload
};

class RequestDecoder {
 public:
  // NOT_SUPPORTED for an opcode that version 1 does not have.
  Status decode(const Frame& frame);
  const DecodedRequest& request() const { return request_; }

 private:
  DecodedRequest request_;
};

}  // namespace kvhost::tcp
