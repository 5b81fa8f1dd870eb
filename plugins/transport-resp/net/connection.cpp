#include "net/connection.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <utility>

namespace kvhost::resp {

namespace {

constexpr uint64_t kLingerNs = 1'000'000'000;
constexpr uint64_t kTrimAfterNs = 2'000'000'000;
constexpr std::size_t kKeptBytes = 256 << 10;

}  // namespace

Connection::Connection(LoopServices& loop, Poller& poller, Descriptor socket,
                       std::shared_ptr<Client> client, uint64_t store_session)
    : Session(loop, std::move(client), store_session), poller_(poller), socket_(std::move(socket)) {
  const int on = 1;
  ::setsockopt(socket_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  ::setsockopt(socket_.get(), SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  server().metrics.connections_changed(1);
}

Connection::~Connection() {
  shut();
  const kvh_store& store = server().store;
  if (store_session() != 0) store.session_close(store.self, store_session());
  server().metrics.connections_changed(-1);
}

void Connection::open() {
  polled_ = EPOLLIN;
  if (!poller_.add(socket_.get(), polled_, *this)) shut();
}

void Connection::on_events(uint32_t events) {
  if (is_shut_) return;
  if ((events & (EPOLLHUP | EPOLLERR)) != 0 && (events & EPOLLIN) == 0) {
    shut();
  } else if ((events & EPOLLIN) != 0) {
    read();
  }
  loop().touch(*this);
}

void Connection::read() {
  if (is_lingering_) {
    std::array<char, 16384> ignored;
    const ssize_t got = ::recv(socket_.get(), ignored.data(), ignored.size(), 0);
    if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) shut();
    return;
  }
  if (!wants_input()) return;
  const auto room = input_room();
  const ssize_t got = ::recv(socket_.get(), room.data(), room.size(), 0);
  if (got > 0) {
    received(static_cast<std::size_t>(got));
  } else if (got == 0) {
    input_ended();
  } else if (errno != EAGAIN && errno != EINTR) {
    shut();
  }
}

void Connection::send() {
  while (!is_shut_) {
    if (sending_.empty()) {
      if (output().empty()) break;
      sending_.swap(output());
      sent_ = 0;
    }
    const ssize_t put = ::send(socket_.get(), sending_.data() + sent_, sending_.size() - sent_,
                               MSG_NOSIGNAL | MSG_DONTWAIT);
    if (put < 0) {
      if (errno != EAGAIN && errno != EINTR) shut();
      break;
    }
    sent_ += static_cast<std::size_t>(put);
    server().counters.output_bytes.fetch_add(static_cast<uint64_t>(put), std::memory_order_relaxed);
    if (sent_ < sending_.size()) break;
    sending_.clear();
    if (sending_.capacity() > kKeptBytes) sending_ = {};
    // The memory goes back to where replies are written.
    if (output().empty()) sending_.swap(output());
  }
  set_unsent(sending_.size() - std::min(sent_, sending_.size()));
}

void Connection::settle() {
  if (is_shut_) return;
  send();
  if (is_shut_) return;
  tell_buffers(false);
  client().output_bytes.store(output().size() + sending_.size(), std::memory_order_relaxed);
  if (is_over_output_limit()) {
    server().counters.output_limit_closes.fetch_add(1);
    server().log.warning("a client at " + client().address +
                         " does not take its replies: disconnected at the output limit");
    return shut();
  }
  const bool is_sent = sending_.empty() && output().empty();
  if (is_over() && is_sent && !is_lingering_) linger();
  if (is_shut_) return;
  uint32_t events = 0;
  if (wants_input() || is_lingering_) events |= EPOLLIN;
  if (!is_sent) events |= EPOLLOUT;
  poll_for(events);
  // What was sent just now made room; nobody else would say so.
  if (has_work()) loop().touch(*this);
}

void Connection::poll_for(uint32_t events) {
  if (events == polled_) return;
  polled_ = events;
  poller_.change(socket_.get(), events, *this);
}

// A socket that is closed with unread input takes its last word back; so the input is read.
void Connection::linger() {
  is_lingering_ = true;
  linger_until_ns_ = loop().now_ns + kLingerNs;
  ::shutdown(socket_.get(), SHUT_WR);
}

void Connection::look_after(uint64_t now_ns) {
  if (is_shut_) return;
  if (is_lingering_ && now_ns >= linger_until_ns_) return shut();
  const uint64_t silent = now_ns - std::min<uint64_t>(now_ns, client().last_active_ns);
  const uint64_t limit = server().settings.idle_timeout_ns;
  if (limit != 0 && silent > limit && in_flight() == 0 && !client().is_monitor) return shut();
  if (silent > kTrimAfterNs && in_flight() == 0) {
    trim();
    tell_buffers(false);
    if (sending_.empty()) sending_ = {};
  }
}

void Connection::shut() {
  if (std::exchange(is_shut_, true)) return;
  client().on_kill({});
  client().is_closing = true;
  server().clients.remove(client().id);
  server().monitors.remove(client().id);
  poller_.remove(socket_.get());
  socket_.reset();
  abandon();
  loop().touch(*this);
}

}  // namespace kvhost::resp
