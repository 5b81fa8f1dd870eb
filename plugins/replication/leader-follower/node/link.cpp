#include "node/link.hpp"

#include <string_view>
#include <utility>

#include "wire/message_codec.hpp"

namespace kvhost::leader_follower {

using boost::system::error_code;

namespace {

constexpr std::size_t kReadBytes = 256 << 10;
constexpr std::size_t kKeptBytes = std::size_t{4} << 20;

// What begins like another protocol begins no frame: that would be too long.
Status check_protocol(std::string_view bytes) {
  const bool is_tls = bytes.size() >= 3 && (bytes[0] == 0x15 || bytes[0] == 0x16) && bytes[1] == 3;
  if (is_tls) {
    return {StatusCode::PROTOCOL_ERROR, "the peer speaks TLS, this node does not: see tls_ca"};
  }
  for (const std::string_view begin : {"HTTP/", "POST /", "GET /"}) {
    if (!bytes.starts_with(begin)) continue;
    return {StatusCode::PROTOCOL_ERROR,
            "the peer speaks HTTP, as the strategy raft does: all nodes of a cluster run the same "
            "strategy"};
  }
  return {};
}

}  // namespace

Link::Link(boost::asio::io_context& loop, std::shared_ptr<Stream> stream, bool is_client,
           LinkSettings settings, Callbacks callbacks, std::string address)
    : stream_(std::move(stream)),
      is_client_(is_client),
      settings_(settings),
      callbacks_(std::move(callbacks)),
      address_(std::move(address)),
      timer_(loop),
      reader_(kMaxHelloBytes),
      room_(kReadBytes),
      heard_(std::chrono::steady_clock::now()) {}

void Link::open() {
  watch();
  stream_->shake_hands(is_client_, [self = shared_from_this()](const Status& shaken) {
    if (self->is_closed_) return;
    if (!shaken.is_ok()) return self->close(shaken);
    self->append_frame(kHelloFrame, self->callbacks_.own_hello().encode());
    self->write();
    self->read();
  });
}

void Link::append_frame(uint8_t type, std::string_view payload) {
  FrameWriter frame(outgoing_, type);
  outgoing_.append(payload);
  frame.finish();
}

void Link::send(const Message& message) {
  if (!is_up_ || is_closed_) return;
  if (outgoing_.size() > settings_.max_output_bytes) {
    return close(Status(StatusCode::OVERLOADED, "the peer does not read what is sent to it"));
  }
  FrameWriter frame(outgoing_, type_of(message));
  encode(message, outgoing_);
  frame.finish();
  write();
}

void Link::write() {
  if (is_writing_ || is_closed_ || outgoing_.empty()) return;
  is_writing_ = true;
  has_sent_ = true;
  writing_.swap(outgoing_);
  stream_->write(boost::asio::buffer(writing_),
                 [self = shared_from_this()](error_code failure, std::size_t) {
                   self->is_writing_ = false;
                   self->writing_.clear();
                   if (self->writing_.capacity() > kKeptBytes) self->writing_ = {};
                   if (self->is_closed_) return;
                   if (failure) {
                     return self->close({StatusCode::CONNECTION_FAILED, failure.message()});
                   }
                   if (self->closes_after_write_ && self->outgoing_.empty()) {
                     return self->close(self->farewell_);
                   }
                   self->write();
                 });
}

void Link::read() {
  stream_->read_some(boost::asio::buffer(room_),
                     [self = shared_from_this()](error_code failure, std::size_t bytes) {
                       if (self->is_closed_) return;
                       if (failure)
                         return self->close({StatusCode::CONNECTION_FAILED, failure.message()});
                       self->heard_ = std::chrono::steady_clock::now();
                       const std::string_view got(self->room_.data(), bytes);
                       if (!self->has_hello_) {
                         if (const Status known = check_protocol(got); !known) {
                           return self->close(known);
                         }
                       }
                       self->reader_.feed(got);
                       for (;;) {
                         auto frame = self->reader_.next();
                         if (!frame) return self->close(frame.error());
                         if (!frame->has_value()) break;
                         self->take(**frame);
                         if (self->is_closed_) return;
                       }
                       self->read();
                     });
}

void Link::take(const Frame& frame) {
  if (closes_after_write_) return;
  if (!has_hello_) {
    if (frame.type != kHelloFrame) {
      return close({StatusCode::PROTOCOL_ERROR,
                    "expected a greeting, found a frame of type " + std::to_string(frame.type)});
    }
    const auto hello = Hello::decode(*frame.payload);
    if (!hello) return close(hello.error());
    return greeted(*hello);
  }
  if (frame.type == kVerdictFrame && !has_admission_) {
    const Status verdict = decode_verdict(*frame.payload);
    if (!verdict.is_ok()) return close(verdict.with_context("refused by the peer"));
    has_admission_ = true;
    return maybe_up();
  }
  if (frame.type == kPingFrame) return;
  if (!is_up_) {
    return close({StatusCode::PROTOCOL_ERROR,
                  "a message of type " + std::to_string(frame.type) + " before both sides agreed"});
  }
  auto message = decode(frame.type, frame.payload, 0);
  if (!message) return close(message.error());
  callbacks_.on_message(*this, std::move(*message));
}

void Link::greeted(const Hello& hello) {
  has_hello_ = true;
  hello_ = hello;
  const Status verdict = callbacks_.on_hello(*this, hello);
  append_frame(kVerdictFrame, encode_verdict(verdict));
  if (verdict.is_ok()) {
    is_admitted_ = true;
  } else {
    closes_after_write_ = true;
    farewell_ = verdict;
  }
  write();
  maybe_up();
}

void Link::maybe_up() {
  if (!is_admitted_ || !has_admission_ || is_up_) return;
  reader_.set_max_payload_bytes(settings_.max_frame_bytes);
  is_up_ = true;
  callbacks_.on_up(*this);
}

void Link::watch() {
  timer_.expires_after(std::chrono::nanoseconds(settings_.ping));
  timer_.async_wait([weak = weak_from_this()](error_code stopped) {
    const auto self = weak.lock();
    if (stopped || !self || self->is_closed_) return;
    const auto silence = std::chrono::steady_clock::now() - self->heard_;
    if (silence > std::chrono::nanoseconds(self->settings_.silence)) {
      return self->close({StatusCode::CONNECTION_FAILED, "nothing was heard from the peer"});
    }
    if (self->is_up_ && !self->has_sent_) {
      self->append_frame(kPingFrame, {});
      self->write();
    }
    self->has_sent_ = false;
    self->watch();
  });
}

void Link::close(Status why) {
  if (std::exchange(is_closed_, true)) return;
  timer_.cancel();
  stream_->close();
  const auto closed = std::move(callbacks_.on_closed);
  closed(*this, why);
}

}  // namespace kvhost::leader_follower
