// One request under way in the store: gathers its reply frame from the store's sinks.
//
// Threads:   one at a time; the store may complete it on a thread of its own.
// Lifetime:  owned by the runner until it is handed to the store as pending; then by itself, until
//            its completion.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "kvhost/abi/store.h"
#include "reply_box.hpp"
#include "tcp_metrics.hpp"
#include "wire/reply.hpp"
#include "wire/request.hpp"

namespace kvhost::tcp {

class StoreCall {
 public:
  StoreCall(std::shared_ptr<ReplyBox> box, TcpMetrics& metrics, uint64_t max_frame_bytes)
      : box_(std::move(box)), metrics_(metrics), max_frame_bytes_(max_frame_bytes) {}
  StoreCall(const StoreCall&) = delete;
  StoreCall& operator=(const StoreCall&) = delete;

  // For another request, with the memory of the last.
  void restart(uint16_t opcode, uint64_t id, uint64_t started_ns);

  // Each starts the store's work; true when the reply is complete, false when the call is pending
  // and owns itself.
  bool read(const kvh_call& call, const DecodedRequest& request);
  bool write(const kvh_call& call, const DecodedRequest& request);
  bool scan(const kvh_call& call, const DecodedRequest& request);
  bool cursor_next(const kvh_call& call, const DecodedRequest& request);
  bool command(const kvh_call& call, const DecodedRequest& request);

  // Replies that need no asynchronous call.
  void finish_text(std::string_view text);
  void finish_handle(uint64_t handle);
  void finish_error(const Status& status);

  const std::string& frame() const { return frame_; }

 private:
  // The rows that a scan still wants.
  struct Scan {
    kvh_call call{};
    uint64_t cursor = 0;
    uint32_t max_rows = 0;
    uint64_t max_bytes = 0;
    bool has_more = false;
  };

  static int32_t on_entries(void* ctx, const kvh_entry* entries, uint64_t count,
                            uint64_t stride) KVH_NOEXCEPT;
  static void on_done(void* ctx, int32_t code, const kvh_error* error) KVH_NOEXCEPT;

  bool add_row(const kvh_entry& entry);
  // Carries a scan on until it is pending (false) or at its end (true).
  bool scan_on();
  bool scan_advance(int32_t code, const kvh_error* error);
  bool settle(int32_t code, const kvh_error* error);
  void complete(int32_t code, const kvh_error* error);
  void record(StatusCode code);

  std::shared_ptr<ReplyBox> box_;
  TcpMetrics& metrics_;
  const uint64_t max_frame_bytes_;
  uint16_t opcode_ = 0;
  uint64_t id_ = 0;
  uint64_t started_ns_ = 0;
  std::string frame_;
  std::string text_;
  std::optional<RowsWriter> rows_;
  std::optional<Scan> scan_;
  uint32_t rows_before_ = 0;
  bool is_too_large_ = false;
  // A failed condition's answer is kept until its status is known.
  WriteReply failed_;
};

// CLOCK_MONOTONIC.
uint64_t monotonic_ns();

}  // namespace kvhost::tcp
