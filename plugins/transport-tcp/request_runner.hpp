// Carries requests out in the store, for one connection.
//
// Threads:   the connection's. Replies that come later arrive in the ReplyBox.
// Lifetime:  borrows the metrics; shares the box.
// Errors:    a payload that makes no sense is answered with PROTOCOL_ERROR; the connection goes on.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "reply_box.hpp"
#include "store_call.hpp"
#include "tcp_metrics.hpp"
#include "wire/request.hpp"

namespace kvhost::tcp {

class RequestRunner {
 public:
  RequestRunner(std::shared_ptr<ReplyBox> box, TcpMetrics& metrics, uint64_t max_frame_bytes);

  // The reply, if it is ready at once; it lives until the next run(). Nothing: it will arrive in
  // the box.
  std::optional<std::string_view> run(const Frame& frame);

 private:
  // True when `call` holds the reply; false when it is pending and owns itself.
  bool start(StoreCall& call, Opcode opcode, uint64_t id);
  bool finish_quick(StoreCall& call, Opcode opcode);
  kvh_call circumstances(uint64_t id, uint64_t now_ns) const;

  std::shared_ptr<ReplyBox> box_;
  TcpMetrics& metrics_;
  const uint64_t max_frame_bytes_;
  RequestDecoder decoder_;
  std::unique_ptr<StoreCall> idle_;  // kept for its memory
  uint64_t now_ns_ = 0;
};

}  // namespace kvhost::tcp
