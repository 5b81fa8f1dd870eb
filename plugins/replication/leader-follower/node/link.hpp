// One connection to a peer: greeting, frames both ways, pings, and its end.
//
// Threads:   one, the loop's.
// Lifetime:  by shared_ptr; handlers keep it until the socket is closed.
// Errors:    on_closed says why, once.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "node/stream.hpp"
#include "protocol/messages.hpp"
#include "wire/frame.hpp"
#include "wire/hello.hpp"

namespace kvhost::leader_follower {

struct LinkSettings {
  uint64_t max_frame_bytes = 0;
  // More than this waiting for a peer that does not read: the link is given up.
  uint64_t max_output_bytes = uint64_t{128} << 20;
  Nanos ping = 500 * kMillisecond;
  Nanos silence = 3 * kSecond;  // a link that hears nothing for so long is given up
};

class Link : public std::enable_shared_from_this<Link> {
 public:
  struct Callbacks {
    std::function<Hello()> own_hello;
    // The peer has said who it is: shall it be admitted?
    std::function<Status(Link&, const Hello&)> on_hello;
    std::function<void(Link&)> on_up;
    std::function<void(Link&, Message)> on_message;
    std::function<void(Link&, const Status&)> on_closed;
  };
  Link(boost::asio::io_context& loop, std::shared_ptr<Stream> stream, bool is_client,
       LinkSettings settings, Callbacks callbacks, std::string address);

  void open();
  void send(const Message& message);
  void close(Status why);
  bool is_up() const { return is_up_; }
  bool is_closed() const { return is_closed_; }
  const Hello& hello() const { return hello_; }
  NodeKey key() const { return hello_.peer.key(); }
  const std::string& address() const { return address_; }
  const Stream& stream() const { return *stream_; }

 private:
  void read();
  void write();
  void take(const Frame& frame);
  void greeted(const Hello& hello);
  void maybe_up();
  void watch();
  void append_frame(uint8_t type, std::string_view payload);

  std::shared_ptr<Stream> stream_;
  const bool is_client_;
  const LinkSettings settings_;
  Callbacks callbacks_;
  const std::string address_;
  boost::asio::steady_timer timer_;
  FrameReader reader_;
  std::vector<char> room_;
  std::string outgoing_;
  std::string writing_;
  Hello hello_;
  bool has_hello_ = false;
  bool is_admitted_ = false;    // by us
  bool has_admission_ = false;  // of the peer
  bool is_up_ = false;
  bool is_writing_ = false;
  bool is_closed_ = false;
  bool closes_after_write_ = false;
  Status farewell_;
  std::chrono::steady_clock::time_point heard_;
  bool has_sent_ = false;  // since the last look
};

}  // namespace kvhost::leader_follower
