#include "connection.hpp"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <limits>
#include <utility>

#include "kvhost/detail/boundary.hpp"

namespace kvhost::tcp {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

// How long a client that was told to go has for hearing it.
constexpr std::chrono::seconds kFarewell{1};

// Buffers that one burst made larger than this are given back.
constexpr std::size_t kKeptBytes = std::size_t{1} << 20;

uint32_t to_u32(uint64_t value) {
  return static_cast<uint32_t>(std::min<uint64_t>(value, std::numeric_limits<uint32_t>::max()));
}

std::string peer_name(const asio::ip::tcp::socket& socket) {
  error_code failure;
  const auto peer = socket.remote_endpoint(failure);
  if (failure) return "unknown";
  return peer.address().to_string() + ":" + std::to_string(peer.port());
}

}  // namespace

uint64_t ConnectionEnvironment::max_frame_bytes() const {
  const uint64_t payload =
      std::max(node.max_batch_bytes, node.max_key_bytes + node.max_value_bytes);
  return to_u32(payload + kFrameSlackBytes);
}

Connection::Connection(asio::ip::tcp::socket socket, const ConnectionEnvironment& environment,
                       const TcpOptions& options, std::function<void(Connection&)> closed)
    : socket_(std::move(socket)),
      environment_(environment),
      options_(options),
      closed_(std::move(closed)),
      session_(make_session(options)),
      timer_(socket_.get_executor()),
      opened_(Clock::now()),
      last_input_(opened_),
      last_output_(opened_) {
  environment_.metrics.connections_changed(1);
}

Connection::~Connection() { environment_.metrics.connections_changed(-1); }

Session Connection::make_session(const TcpOptions& options) const {
  ServerHello offer;
  offer.max_in_flight = options.max_in_flight;
  offer.idle_timeout_ms = to_u32(static_cast<uint64_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(options.idle_timeout).count()));
  offer.max_key_bytes = to_u32(environment_.node.max_key_bytes);
  offer.max_value_bytes = environment_.node.max_value_bytes;
  offer.max_frame_bytes = environment_.max_frame_bytes();
  offer.text = environment_.node.node_id;
  return Session(offer, {offer.max_frame_bytes, options.max_in_flight, options.output_limit});
}

void Connection::open(Status refusal) {
  asio::post(socket_.get_executor(),
             [self = shared_from_this(), refusal = std::move(refusal)] { self->serve(refusal); });
}

void Connection::serve(const Status& refusal) {
  if (is_shut_) return;
  error_code ignored;
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
  socket_.non_blocking(true, ignored);
  Status status = refusal;
  if (status.is_ok()) {
    const std::string peer = peer_name(socket_);
    const kvh_session_info info{sizeof(info), 0, detail::to_bytes("tcp"), detail::to_bytes(peer)};
    uint64_t store_session = 0;
    kvh_error error = detail::make_error();
    const int32_t code =
        environment_.store.session_open(environment_.store.self, &info, &store_session, &error);
    status = detail::read_status(code, &error);
    if (status.is_ok()) {
      auto wake = [weak = weak_from_this(), executor = socket_.get_executor()] {
        asio::post(executor, [weak] {
          if (const auto self = weak.lock()) self->take_replies();
        });
      };
      box_ = std::make_shared<ReplyBox>(environment_.store, store_session, std::move(wake),
                                        environment_.boxes);
      runner_.emplace(box_, environment_.metrics, environment_.max_frame_bytes());
    }
  }
  if (!status.is_ok()) session_.refuse(status);
  watch_time();
  work();
}

// Does all that can be done now: requests are carried out, replies are sent in one write, and the
// socket is read while the session wants more.
void Connection::work() {
  if (is_shut_) return;
  while (auto frame = session_.next_frame()) {
    if (const auto reply = runner_->run(*frame)) session_.reply(*reply, 1);
  }
  write();
  if (session_.should_close()) {
    finish_output();
    return;
  }
  if (session_.is_quiet() && quiet_) std::exchange(quiet_, nullptr)();
  read();
}

void Connection::read() {
  // After its last word the connection reads on only to see the other side close.
  const bool wants = session_.wants_input() || is_output_ended_;
  if (is_reading_ || is_shut_ || !wants) return;
  is_reading_ = true;
  const auto room = session_.input_room();
  socket_.async_read_some(asio::buffer(room.data(), room.size()),
                          [self = shared_from_this()](error_code failure, std::size_t bytes) {
                            self->is_reading_ = false;
                            if (self->is_shut_) return;
                            if (failure) {
                              const bool is_orderly =
                                  failure == asio::error::eof && !self->is_output_ended_;
                              if (!is_orderly) return self->shut();
                              self->session_.input_ended();
                            } else {
                              self->last_input_ = Clock::now();
                              self->session_.received(bytes);
                            }
                            self->work();
                          });
}

void Connection::write() {
  if (is_writing_ || is_shut_ || !session_.has_output()) return;
  is_writing_ = true;
  sending_ = session_.take_output(std::move(spare_));
  last_output_ = Clock::now();
  asio::async_write(
      socket_, asio::buffer(sending_),
      [self = shared_from_this()](error_code failure, std::size_t total) {
        // Called after each piece: the client is alive.
        if (total != 0) self->last_output_ = Clock::now();
        return failure ? std::size_t{0} : std::size_t{256} << 10;
      },
      [self = shared_from_this()](error_code failure, std::size_t) {
        self->is_writing_ = false;
        if (self->is_shut_) return;
        if (failure) return self->shut();
        self->session_.sent(self->sending_.size());
        self->spare_ = std::move(self->sending_);
        if (self->spare_.capacity() > kKeptBytes) self->spare_ = {};
        self->work();
      });
}

void Connection::take_replies() {
  if (is_shut_ || !box_) return;
  auto ready = box_->take(std::move(ready_spare_));
  if (ready.count == 0) return;
  session_.reply(ready.frames, ready.count);
  ready_spare_ = std::move(ready.frames);
  if (ready_spare_.capacity() > kKeptBytes) ready_spare_ = {};
  work();
}

// The last word is said: the client hears it and closes, or its time is up.
void Connection::finish_output() {
  if (!is_output_ended_) {
    is_output_ended_ = true;
    last_output_ = Clock::now();
    error_code ignored;
    socket_.shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
    watch_time();
  }
  read();
}

std::optional<Connection::Clock::time_point> Connection::patience_ends() const {
  const auto ends = [](Clock::time_point since, std::chrono::nanoseconds patience) {
    return since + std::chrono::duration_cast<Clock::duration>(patience);
  };
  if (is_output_ended_) return ends(last_output_, kFarewell);
  if (is_writing_) return ends(last_output_, options_.send_timeout);
  if (session_.in_handshake()) return ends(opened_, options_.handshake_timeout);
  if (leaves_) return leaves_;
  if (session_.in_flight() != 0 || options_.idle_timeout.count() == 0) return std::nullopt;
  return ends(std::max(last_input_, last_output_), options_.idle_timeout);
}

void Connection::watch_time() {
  const auto until = patience_ends();
  // Looks again after the shortest patience: the state may have changed in between.
  const auto shortest = std::min(options_.handshake_timeout, options_.send_timeout);
  const auto soonest = Clock::now() + std::chrono::duration_cast<Clock::duration>(shortest);
  timer_.expires_at(until ? std::min(*until, soonest) : soonest);
  timer_.async_wait([weak = weak_from_this()](error_code failure) {
    const auto self = weak.lock();
    if (!failure && self) self->on_time();
  });
}

void Connection::on_time() {
  if (is_shut_) return;
  const auto until = patience_ends();
  if (!until || Clock::now() < *until) return watch_time();
  if (is_output_ended_ || is_writing_ || session_.in_handshake() || leaves_) return shut();
  // A request that is on its way meanwhile is answered as not executed.
  leaves_ = Clock::now() + kFarewell;
  session_.drain({StatusCode::DRAINING, "this connection was idle for too long"});
  watch_time();
  work();
}

void Connection::drain(Status why, std::function<void()> quiet) {
  asio::post(socket_.get_executor(),
             [self = shared_from_this(), why = std::move(why), quiet = std::move(quiet)]() mutable {
               if (self->is_shut_) return quiet();
               self->quiet_ = std::move(quiet);
               self->session_.drain(why);
               self->work();
             });
}

void Connection::close() {
  asio::post(socket_.get_executor(), [self = shared_from_this()] { self->shut(); });
}

void Connection::shut() {
  if (std::exchange(is_shut_, true)) return;
  error_code ignored;
  socket_.close(ignored);
  timer_.cancel();
  if (box_) box_->disconnect();
  if (quiet_) std::exchange(quiet_, nullptr)();
  runner_.reset();
  box_.reset();
  if (closed_) std::exchange(closed_, nullptr)(*this);
}

}  // namespace kvhost::tcp
