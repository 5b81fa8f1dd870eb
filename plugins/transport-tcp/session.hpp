// One client's side of the protocol, without sockets: bytes go in, requests come out; replies go
// in, bytes come out.
//
//   handshake → open → draining (answers DRAINING) → closing (what is owed is sent, then the end)
//
// Threads:   one, the connection's.
// Lifetime:  a frame from next_frame() views the input: it lives until the next call of
//            next_frame() or input_room().
// Errors:    bytes that are no protocol end the session: it sends a last word and closes.
// Limits:    no request is handed out while max_in_flight are unanswered or more than output_limit
//            bytes of replies wait; then the caller stops reading and TCP slows the client down.
// Format:    docs/protocols/tcp.md
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kvhost/result.hpp"
#include "wire/frame.hpp"
#include "wire/handshake.hpp"

namespace kvhost::tcp {

struct SessionLimits {
  uint64_t max_frame_bytes = 0;
  uint32_t max_in_flight = 0;
  uint64_t output_limit = 0;
};

class Session {
 public:
  // `offer` is what the handshake answers with when the client's version fits.
  Session(const ServerHello& offer, const SessionLimits& limits);

  // ---- input
  // Where to put received bytes; never empty.
  std::span<char> input_room();
  void received(std::size_t bytes);
  // False while the limits hold requests back, and after the end.
  bool wants_input() const;
  // The next request to carry out, which counts as in flight until reply().
  std::optional<Frame> next_frame();

  // ---- output
  // `frames` answers `count` requests.
  void reply(std::string_view frames, uint32_t count);
  // Gives away what is to be sent; sent() says when it has gone. `spare` lends its memory to the
  // output that follows.
  std::string take_output(std::string spare = {});
  void sent(std::size_t bytes);
  bool has_output() const { return !output_.empty(); }

  // ---- ends
  // Refuses the client before or during the handshake.
  void refuse(const Status& why);
  // Tells the client to go elsewhere; later requests are answered with `why`.
  void drain(const Status& why);
  // No byte will come any more.
  void input_ended();

  bool is_open() const { return state_ != State::kHandshake && state_ != State::kClosing; }
  bool in_handshake() const { return state_ == State::kHandshake; }
  bool is_draining() const { return state_ == State::kDraining; }
  // All is said and sent.
  bool should_close() const {
    return state_ == State::kClosing && in_flight_ == 0 && output_.empty() && sending_bytes_ == 0;
  }
  // Answered, and the answers sent.
  bool is_quiet() const { return in_flight_ == 0 && output_.empty() && sending_bytes_ == 0; }
  uint32_t in_flight() const { return in_flight_; }
  const std::string& client_name() const { return client_name_; }

 private:
  enum class State { kHandshake, kOpen, kDraining, kClosing };

  bool is_held_back() const;
  std::string_view unread() const { return {input_.data() + begin_, end_ - begin_}; }
  void read_hello();
  std::optional<Frame> cut_frame();
  void answer_draining(const Frame& frame);
  void fail(const Status& why);

  ServerHello offer_;
  SessionLimits limits_;
  State state_ = State::kHandshake;
  Status drain_reason_;
  std::string client_name_;

  std::vector<char> input_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::size_t wanted_ = 0;  // bytes of the frame that has begun to arrive

  std::string output_;
  std::size_t sending_bytes_ = 0;
  uint32_t in_flight_ = 0;
};

}  // namespace kvhost::tcp
