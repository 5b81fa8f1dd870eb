#include "channel.hpp"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include "wire/reply.hpp"

namespace kvhost::client {

namespace {

constexpr std::size_t kMaxUnsentBytes = std::size_t{64} << 20;
constexpr std::size_t kReceiveBytes = std::size_t{64} << 10;
constexpr std::size_t kKeptBytes = std::size_t{1} << 20;

Status connection_failed(const std::string& why) { return {StatusCode::CONNECTION_FAILED, why}; }

Result<tcp::Greeting<tcp::ServerHello>> shake_hands(const Socket& socket, std::string& received,
                                                    const ClientOptions& options,
                                                    TimePoint deadline) {
  tcp::ClientHello hello;
  hello.name = options.name;
  KVHOST_TRY(socket.send_all(tcp::encode_client_hello(hello), deadline));
  for (;;) {
    KVHOST_TRY_ASSIGN(const auto piece, socket.receive_some(deadline));
    received += piece;
    KVHOST_TRY_ASSIGN(auto greeting, tcp::decode_server_hello(received));
    if (!greeting) continue;
    const tcp::ServerHello& answer = greeting->hello;
    if (answer.version == tcp::kProtocolVersion) return std::move(*greeting);
    const auto code = answer.code == StatusCode::OK ? StatusCode::PROTOCOL_ERROR : answer.code;
    return Status(status_info(code).code, "refused: " + answer.text);
  }
}

}  // namespace

Result<std::shared_ptr<Channel>> Channel::open(const std::string& endpoint,
                                               const ClientOptions& options) {
  const auto deadline = std::chrono::steady_clock::now() + options.connect_timeout;
  KVHOST_TRY_ASSIGN(Socket socket, Socket::connect(endpoint, deadline));
  std::string received;
  auto greeting = shake_hands(socket, received, options, deadline);
  if (!greeting) return greeting.error().with_context(endpoint);
  std::string rest = received.substr(greeting->bytes);
  return std::make_shared<Channel>(std::move(socket), endpoint, std::move(greeting->hello),
                                   std::move(rest), options);
}

Channel::Channel(Socket socket, std::string endpoint, tcp::ServerHello hello, std::string rest,
                 const ClientOptions& options)
    : socket_(std::move(socket)),
      wake_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)),
      endpoint_(std::move(endpoint)),
      hello_(std::move(hello)),
      max_in_flight_(std::max<uint32_t>(1, std::min(options.max_in_flight, hello_.max_in_flight))),
      input_(std::move(rest)),
      thread_([this] { run(); }) {}

Channel::~Channel() {
  {
    const std::lock_guard lock(mutex_);
    is_closing_ = true;
  }
  is_usable_.store(false, std::memory_order_release);
  wake();
  thread_.join();
}

NodeFacts Channel::facts() const {
  return {hello_.text,
          endpoint_,
          hello_.max_in_flight,
          hello_.max_key_bytes,
          hello_.max_value_bytes,
          hello_.max_frame_bytes};
}

bool Channel::may_be_dropped() {
  if (std::this_thread::get_id() == thread_.get_id()) return false;
  if (is_finished_.load(std::memory_order_acquire)) return true;
  const std::lock_guard lock(mutex_);
  return !is_lost_ && pending_.count() == 0;
}

// ---- sending

Status Channel::wait_for_room(std::unique_lock<std::mutex>& lock, TimePoint deadline) {
  const auto has_room = [this] {
    return is_lost_ || is_closing_ ||
           (pending_.count() < max_in_flight_ && unsent_bytes() < kMaxUnsentBytes);
  };
  if (!has_room()) {
    if (std::this_thread::get_id() == thread_.get_id()) {
      // A callback cannot wait for itself.
      if (pending_.count() >= 2 * max_in_flight_) {
        return {StatusCode::OVERLOADED, "too many requests are in flight on " + endpoint_};
      }
    } else if (!room_.wait_until(lock, deadline, has_room)) {
      return {StatusCode::DEADLINE_EXCEEDED,
              "no room for another request on " + endpoint_ + "; it was not sent"};
    }
  }
  if (is_lost_ || is_closing_) return connection_failed(endpoint_ + ": the connection is lost");
  return {};
}

void Channel::after_submit(const Terms& terms, bool was_empty) {
  const bool is_earliest = terms.deadline < next_expiry_;
  if (is_earliest) next_expiry_ = terms.deadline;
  const bool goes_now = terms.at_once && was_empty && send_some() && unsent_bytes() == 0;
  if ((was_empty && !goes_now) || is_earliest) wake();
}

// Sends what the socket takes; false when it is broken, which the channel's thread then finds.
bool Channel::send_some() {
  while (unsent_bytes() != 0) {
    const ssize_t sent = ::send(socket_.descriptor(), output_.data() + output_begin_,
                                unsent_bytes(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent > 0) {
      output_begin_ += static_cast<std::size_t>(sent);
      sent_ += static_cast<std::size_t>(sent);
    } else if (errno == EAGAIN) {
      break;
    } else if (errno != EINTR) {
      return false;
    }
  }
  if (unsent_bytes() == 0) {
    output_.clear();
    output_begin_ = 0;
    if (output_.capacity() > kKeptBytes) output_ = {};
  } else if (output_begin_ > kKeptBytes) {
    output_.erase(0, output_begin_);
    output_begin_ = 0;
  }
  return true;
}

void Channel::wake() {
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(wake_.descriptor(), &one, sizeof(one));
}

// ---- the channel's thread

void Channel::run() {
  pthread_setname_np(pthread_self(), "kvhost-client");
  bool goes_on = cut_frames();
  while (goes_on) goes_on = wait_for_work();
  end(end_reason_);
  is_finished_.store(true, std::memory_order_release);
}

bool Channel::wait_for_work() {
  TimePoint until;
  bool has_output = false;
  {
    const std::lock_guard lock(mutex_);
    if (is_closing_) {
      end_reason_ = connection_failed("the client was closed");
      return false;
    }
    if (unsent_bytes() != 0 && !send_some()) {
      end_reason_ =
          connection_failed(endpoint_ + ": send: " + std::generic_category().message(errno));
      return false;
    }
    has_output = unsent_bytes() != 0;
    until = next_expiry_;
  }
  room_.notify_all();
  pollfd both[2] = {
      {socket_.descriptor(), static_cast<short>(has_output ? POLLIN | POLLOUT : POLLIN), 0},
      {wake_.descriptor(), POLLIN, 0}};
  const int ready = ::poll(both, 2, until == TimePoint::max() ? -1 : poll_timeout(until));
  if (ready > 0 && both[1].revents != 0) {
    uint64_t count = 0;
    [[maybe_unused]] const ssize_t got = ::read(wake_.descriptor(), &count, sizeof(count));
  }
  if (std::chrono::steady_clock::now() >= until) expire();
  if (ready > 0 && (both[0].revents & (POLLIN | POLLERR | POLLHUP)) != 0) return receive();
  return true;
}

bool Channel::receive() {
  const std::size_t filled = input_.size();
  input_.resize(filled + kReceiveBytes);
  const ssize_t got = ::recv(socket_.descriptor(), input_.data() + filled, kReceiveBytes, 0);
  const int error = errno;
  input_.resize(filled + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  if (got > 0) return cut_frames();
  if (got < 0 && (error == EAGAIN || error == EINTR)) return true;
  end_reason_ = connection_failed(
      endpoint_ + ": " +
      (got == 0 ? "the node closed the connection" : std::generic_category().message(error)));
  return false;
}

bool Channel::cut_frames() {
  for (;;) {
    const std::string_view bytes = std::string_view(input_).substr(input_begin_);
    if (bytes.size() < tcp::kHeaderBytes) break;
    const auto header = tcp::decode_header(bytes, uint64_t{1} << 32);
    if (!header) {
      end_reason_ = connection_failed(endpoint_ + ": " + header.error().message());
      return false;
    }
    if (bytes.size() < header->frame_bytes()) break;
    input_begin_ += header->frame_bytes();
    handle({header->opcode, header->flags, header->request_id,
            bytes.substr(tcp::kHeaderBytes, header->payload_bytes())});
    if (!end_reason_.is_ok()) return false;
  }
  if (input_begin_ == input_.size()) {
    input_.clear();
    input_begin_ = 0;
    if (input_.capacity() > kKeptBytes) input_ = {};
  } else if (input_begin_ > kKeptBytes || input_begin_ > input_.size() / 2) {
    input_.erase(0, input_begin_);
    input_begin_ = 0;
  }
  return true;
}

void Channel::handle(const tcp::Frame& frame) {
  if (frame.opcode == (static_cast<uint16_t>(tcp::Opcode::kGoaway) | tcp::kReplyBit)) {
    is_usable_.store(false, std::memory_order_release);
    return;
  }
  if (frame.opcode == (static_cast<uint16_t>(tcp::Opcode::kConnectionError) | tcp::kReplyBit)) {
    end_reason_ = tcp::decode_error(frame).status.with_context(endpoint_);
    return;
  }
  std::optional<PendingRequest> request;
  bool was_full = false;
  {
    const std::lock_guard lock(mutex_);
    was_full = pending_.count() >= max_in_flight_;
    request = pending_.take(frame.request_id);
  }
  if (was_full) room_.notify_one();
  if (request) request->done(frame);
}

void Channel::expire() {
  std::vector<PendingRequest> expired;
  uint64_t sent = 0;
  {
    const std::lock_guard lock(mutex_);
    expired = pending_.take_expired(std::chrono::steady_clock::now());
    next_expiry_ = pending_.earliest_deadline();
    sent = sent_ + unsent_bytes();  // what waits to be sent may still take effect
  }
  room_.notify_all();
  const Status why(StatusCode::DEADLINE_EXCEEDED, endpoint_ + ": no answer came in time");
  for (auto& request : expired) request.done(without_reply(request, why, sent));
}

void Channel::end(const Status& why) {
  is_usable_.store(false, std::memory_order_release);
  std::vector<PendingRequest> lost;
  uint64_t sent = 0;
  {
    const std::lock_guard lock(mutex_);
    is_lost_ = true;
    lost = pending_.take_all();
    sent = sent_;
  }
  room_.notify_all();
  for (auto& request : lost) request.done(without_reply(request, why, sent));
}

Status Channel::without_reply(const PendingRequest& request, const Status& why,
                              uint64_t sent) const {
  if (!request.is_write || request.stream_position >= sent) return why;
  return {StatusCode::OUTCOME_UNKNOWN, "the write was sent, but " + why.message()};
}

}  // namespace kvhost::client
