// One connection to a node: requests go out in the order they come, replies are handed to whoever
// waits, on the channel's own thread.
//
// Threads:   any; callbacks run on the channel's thread, without a lock held.
// Lifetime:  by shared_ptr. The last owner must not be a callback: the destructor joins the thread.
// Errors:    a lost connection completes every pending request: CONNECTION_FAILED for reads and for
//            what was not sent, OUTCOME_UNKNOWN for writes that were. A deadline likewise:
//            DEADLINE_EXCEEDED or OUTCOME_UNKNOWN.
// Limits:    at most max_in_flight requests and 64 MiB of unsent bytes; submit() waits for room.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "kvhost/client/types.hpp"
#include "pending_requests.hpp"
#include "socket.hpp"
#include "wire/handshake.hpp"
#include "wire/request.hpp"

namespace kvhost::client {

class Channel {
 public:
  // Connects and shakes hands.
  static Result<std::shared_ptr<Channel>> open(const std::string& endpoint,
                                               const ClientOptions& options);
  Channel(Socket socket, std::string endpoint, tcp::ServerHello hello, std::string rest,
          const ClientOptions& options);
  ~Channel();
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  // False once it is lost or the node asked its clients to go.
  bool is_usable() const { return is_usable_.load(std::memory_order_acquire); }
  NodeFacts facts() const;
  // Nothing is pending and this is not its own thread: it may be destroyed here and now.
  bool may_be_dropped();

  struct Terms {
    TimePoint deadline;
    bool is_write = false;
    // Sends from this thread where possible: better for one request at a time. Otherwise requests
    // gather and go out together.
    bool at_once = false;
  };
  // `encode(RequestEncoder&, id)` appends one frame.
  template <typename Encode>
  void submit(const Terms& terms, OnReply done, Encode encode) {
    std::unique_lock lock(mutex_);
    Status refusal = wait_for_room(lock, terms.deadline);
    if (refusal.is_ok()) {
      const bool was_empty = unsent_bytes() == 0;
      const uint64_t id =
          pending_.add({std::move(done), terms.deadline, sent_ + unsent_bytes(), terms.is_write});
      tcp::RequestEncoder encoder(output_);
      encode(encoder, id);
      after_submit(terms, was_empty);
      return;
    }
    lock.unlock();
    done(std::move(refusal));
  }

 private:
  Status wait_for_room(std::unique_lock<std::mutex>& lock, TimePoint deadline);
  void after_submit(const Terms& terms, bool was_empty);
  std::size_t unsent_bytes() const { return output_.size() - output_begin_; }
  bool send_some();
  void wake();

  void run();
  bool wait_for_work();
  bool receive();
  bool cut_frames();
  void handle(const tcp::Frame& frame);
  void expire();
  void end(const Status& why);
  Status without_reply(const PendingRequest& request, const Status& why, uint64_t sent) const;

  const Socket socket_;
  const Socket wake_;  // an eventfd
  const std::string endpoint_;
  const tcp::ServerHello hello_;
  const std::size_t max_in_flight_;
  std::atomic<bool> is_usable_{true};

  std::mutex mutex_;
  std::condition_variable room_;
  PendingRequests pending_;                   // guarded by mutex_
  std::string output_;                        // guarded by mutex_
  std::size_t output_begin_ = 0;              // guarded by mutex_
  uint64_t sent_ = 0;                         // guarded by mutex_
  TimePoint next_expiry_ = TimePoint::max();  // guarded by mutex_
  bool is_closing_ = false;                   // guarded by mutex_
  bool is_lost_ = false;                      // guarded by mutex_
  bool wants_to_send_ = false;                // guarded by mutex_

  std::atomic<bool> is_finished_{false};

  // The channel's thread only.
  std::string input_;
  std::size_t input_begin_ = 0;
  Status end_reason_;

  std::thread thread_;
};

}  // namespace kvhost::client
