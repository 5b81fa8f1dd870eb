#include "@IDENTIFIER@.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <utility>

namespace {

// "127.0.0.1:7070"; the host has checked the form, but allows names, too.
std::optional<sockaddr_in> parse_address(const std::string& text) {
  const auto colon = text.rfind(':');
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(std::atoi(text.c_str() + colon + 1)));
  if (inet_pton(AF_INET, text.substr(0, colon).c_str(), &address.sin_addr) != 1) return {};
  return address;
}

void close_socket(int& socket) {
  if (socket >= 0) ::close(socket);
  socket = -1;
}

}  // namespace

kvhost::Result<std::unique_ptr<@CLASS@>> @CLASS@::create(kvhost::Context& context,
                                                        const kvhost::Config& config) {
  KVHOST_TRY_ASSIGN(const auto store, kvhost::Store::from(context));
  if (!parse_address(config.string("listen"))) {
    return config.fail("listen", "expected an IPv4 address and a port");
  }
  return std::unique_ptr<@CLASS@>(new @CLASS@(store, config));
}

@CLASS@::@CLASS@(kvhost::Store store, const kvhost::Config& config)
    : store_(store),
      listen_(config.string("listen")),
      max_connections_(static_cast<std::size_t>(config.integer("max_connections"))),
      max_line_(config.bytes("max_line")) {}

@CLASS@::~@CLASS@() { stop({}); }

kvhost::Status @CLASS@::start() {
  auto address = *parse_address(listen_);
  auto* const raw = reinterpret_cast<sockaddr*>(&address);
  const int on = 1;
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  ::setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  if (::bind(listener_, raw, sizeof(address)) != 0 || ::listen(listener_, 128) != 0) {
    const int error = errno;
    close_socket(listener_);
    return {error == EADDRINUSE ? kvhost::StatusCode::ADDRESS_IN_USE : kvhost::StatusCode::IO_ERROR,
            "cannot listen on " + listen_ + ": " + std::strerror(error)};
  }
  socklen_t length = sizeof(address);
  ::getsockname(listener_, raw, &length);
  address_ = listen_.substr(0, listen_.rfind(':') + 1) + std::to_string(ntohs(address.sin_port));
  wake_event_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  thread_ = std::thread([this] { run(); });
  return {};
}

void @CLASS@::drain(kvhost::Deadline deadline, std::function<void()> drained) {
  {
    const std::lock_guard lock(drain_mutex_);
    drain_deadline_ = deadline;
    drained_ = std::move(drained);
  }
  wake();
}

void @CLASS@::stop(kvhost::Deadline) {
  is_stopping_ = true;
  if (thread_.joinable()) {
    wake();
    thread_.join();
  }
  close_socket(listener_);
  close_socket(wake_event_);
}

void @CLASS@::wake() const {
  const uint64_t one = 1;
  (void)!::write(wake_event_, &one, sizeof(one));
}

bool @CLASS@::is_draining() const {
  const std::lock_guard lock(drain_mutex_);
  return drained_ != nullptr;
}

// Until it is stopping and no call is under way.
void @CLASS@::run() {
  for (;;) {
    const int events = wait_for_events();
    if (is_draining() || is_stopping_) close_socket(listener_);
    std::size_t index = 0;
    for (auto& peer : peers_) serve(peer, (readiness_[index++] & (POLLIN | POLLHUP | POLLERR)) != 0);
    forget_peers();
    if (is_draining()) end_drain();
    if (is_stopping_ && peers_.empty()) return;
    if (events != 0 && listener_ >= 0) accept_all();
  }
}

// Waits, and returns whether there is a new client.
int @CLASS@::wait_for_events() {
  std::vector<pollfd> files = {{wake_event_, POLLIN, 0}, {listener_, POLLIN, 0}};
  for (const auto& peer : peers_) {
    short wanted = 0;
    if (!peer.is_at_end && peer.connection->wants_input()) wanted |= POLLIN;
    if (!peer.connection->output().empty()) wanted |= POLLOUT;
    files.push_back({peer.socket, wanted, 0});
  }
  constexpr int kDrainTickMs = 50;  // the drain's deadline is looked at this often
  ::poll(files.data(), files.size(), is_draining() ? kDrainTickMs : -1);
  uint64_t count = 0;
  (void)!::read(wake_event_, &count, sizeof(count));
  readiness_.clear();
  for (std::size_t i = 2; i < files.size(); ++i) readiness_.push_back(files[i].revents);
  return files[1].revents;
}

void @CLASS@::accept_all() {
  for (;;) {
    sockaddr_in from{};
    socklen_t length = sizeof(from);
    Peer peer;
    peer.socket = ::accept4(listener_, reinterpret_cast<sockaddr*>(&from), &length,
                            SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (peer.socket < 0) return;
    char host[INET_ADDRSTRLEN] = "";
    inet_ntop(AF_INET, &from.sin_addr, host, sizeof(host));
    const auto session = store_.open_session(
        "@NAME@", std::string(host) + ":" + std::to_string(ntohs(from.sin_port)));
    if (!session || peers_.size() >= max_connections_) {
      if (session) store_.close_session(*session);
      close_socket(peer.socket);
      continue;
    }
    peer.connection =
        std::make_shared<Connection>(store_, *session, max_line_, [this] { wake(); });
    peers_.push_back(std::move(peer));
  }
}

void @CLASS@::serve(Peer& peer, bool is_readable) {
  if (peer.socket < 0) return;
  char bytes[16384];
  if (is_readable && !peer.is_at_end) {
    const ssize_t count = ::recv(peer.socket, bytes, sizeof(bytes), 0);
    if (count > 0) peer.connection->receive({bytes, static_cast<std::size_t>(count)});
    if (count == 0) peer.is_at_end = true;
    if (count < 0 && errno != EAGAIN && errno != EINTR) close_socket(peer.socket);
  }
  peer.connection->advance();
  send_output(peer);
}

void @CLASS@::send_output(Peer& peer) {
  const std::string output = peer.connection->output();
  if (peer.socket < 0 || output.empty()) return;
  const ssize_t count = ::send(peer.socket, output.data(), output.size(), MSG_NOSIGNAL);
  if (count > 0) peer.connection->drop_output(static_cast<std::size_t>(count));
  if (count < 0 && errno != EAGAIN && errno != EINTR) close_socket(peer.socket);
}

// Closes who is done: at the end of its input, broken, or idle while the server drains.
void @CLASS@::forget_peers() {
  const bool is_ending = is_draining();
  for (auto& peer : peers_) {
    const bool is_idle = !peer.connection->is_busy() && peer.connection->output().empty();
    const bool is_done = peer.is_at_end || peer.connection->is_broken() || is_ending;
    if (is_stopping_ || (is_idle && is_done)) close_socket(peer.socket);
  }
  peers_.remove_if([](const Peer& peer) {
    if (peer.socket >= 0 || peer.connection->is_busy()) return false;
    peer.connection->close();
    return true;
  });
}

void @CLASS@::end_drain() {
  if (listener_ >= 0) return;  // the drain began in the middle of this round
  std::unique_lock lock(drain_mutex_);
  if (!peers_.empty() && std::chrono::steady_clock::now() < drain_deadline_) return;
  const auto drained = std::exchange(drained_, nullptr);
  lock.unlock();
  drained();
}
