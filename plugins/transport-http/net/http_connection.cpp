#include "net/http_connection.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>
#include <exception>

namespace kvhost::http {
namespace {

namespace asio = boost::asio;

// How long bytes of a peer that was answered and cut off are thrown away before the socket closes:
// a close with unread bytes resets the connection and could lose the peer its answer.
constexpr auto kLingerTime = std::chrono::seconds(1);

}  // namespace

HttpConnection::HttpConnection(EventLoop& loop, asio::ip::tcp::socket socket,
                               std::shared_ptr<HttpSession> session)
    : loop_(loop),
      socket_(std::move(socket)),
      session_(std::move(session)),
      timer_(loop.context()) {}

void HttpConnection::start(bool refused) {
  refused_ = refused;
  Error ignored;
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
  session_->on_change([weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->step();
  });
  if (refused) {
    session_->refuse(
        {StatusCode::OVERLOADED, "the limit on connections, max_connections, is reached"}, 503);
  }
  step();
}

void HttpConnection::drain() {
  session_->drain();
  step();
}

void HttpConnection::close() {
  if (closed_) return;
  closed_ = true;
  Error ignored;
  socket_.close(ignored);
  timer_.cancel();
  session_->close();
  loop_.remove(this);
  if (!refused_) session_->service().metrics.connection_closed();
}

// Tells the session what happened, then does what it wants. A failure to get memory ends this
// connection and no other.
template <typename Event>
void HttpConnection::go_on(Event event) {
  try {
    event();
    step();
  } catch (const std::exception&) {
    close();
  }
}

void HttpConnection::step() {
  if (closed_ || lingering_) return;
  if (session_->aborted()) return close();
  write();
  if (session_->finished() && writing_.empty() && !session_->has_output()) {
    return session_->cut_off() ? linger() : close();
  }
  read();
  arm_timer();
}

void HttpConnection::read() {
  if (reading_ || !session_->wants_input()) return;
  reading_ = true;
  socket_.async_read_some(
      asio::buffer(buffer_),
      [self = shared_from_this()](Error error, std::size_t bytes) { self->on_read(error, bytes); });
}

void HttpConnection::on_read(Error error, std::size_t bytes) {
  reading_ = false;
  if (closed_) return;
  if (lingering_) return discard();
  if (error && error != asio::error::eof) return close();
  go_on([&] { error ? session_->receive_end() : session_->receive({buffer_.data(), bytes}); });
}

void HttpConnection::write() {
  if (!writing_.empty() || !session_->has_output()) return;
  writing_ = session_->take_output();
  std::vector<asio::const_buffer> buffers;
  buffers.reserve(writing_.size());
  for (const auto& piece : writing_) buffers.push_back(asio::buffer(piece));
  // In parts, so that the session sees progress of a peer that takes a long answer slowly.
  asio::async_write(
      socket_, buffers,
      [self = shared_from_this()](const Error& error, std::size_t sent) -> std::size_t {
        if (error) return 0;
        if (sent > self->reported_) {
          self->session_->note_written(sent - self->reported_);
          self->reported_ = sent;
        }
        return std::size_t{256} << 10;
      },
      [self = shared_from_this()](Error error, std::size_t bytes) {
        self->on_written(error, bytes);
      });
}

void HttpConnection::on_written(Error error, std::size_t bytes) {
  writing_.clear();
  const std::size_t rest = bytes - std::min(bytes, reported_);
  reported_ = 0;
  if (closed_) return;
  if (error) return close();
  go_on([&] { session_->written(rest); });
}

// Deadlines mostly move away: the timer is set anew only for an earlier one.
void HttpConnection::arm_timer() {
  const auto due = session_->deadline();
  if (closed_ || !due || (armed_ && *armed_ <= *due)) return;
  armed_ = due;
  timer_.expires_at(*due);
  timer_.async_wait([self = shared_from_this()](Error error) { self->on_timer(error); });
}

void HttpConnection::on_timer(Error error) {
  if (error || closed_) return;
  armed_.reset();
  if (lingering_) return close();
  go_on([&] { session_->tick(); });
}

void HttpConnection::linger() {
  lingering_ = true;
  Error error;
  socket_.shutdown(asio::ip::tcp::socket::shutdown_send, error);
  if (error) return close();
  armed_ = loop_.now() + kLingerTime;
  timer_.expires_at(*armed_);
  timer_.async_wait([self = shared_from_this()](Error failed) { self->on_timer(failed); });
  if (!reading_) discard();
}

void HttpConnection::discard() {
  socket_.async_read_some(asio::buffer(buffer_),
                          [self = shared_from_this()](Error error, std::size_t) {
                            if (self->closed_) return;
                            if (error) return self->close();
                            self->discard();
                          });
}

}  // namespace kvhost::http
