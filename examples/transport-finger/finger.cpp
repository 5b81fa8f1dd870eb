// A transport that answers one question per connection, as finger (RFC 1288) does for users: the
// client sends a key and a newline, gets the value, and the connection ends.
//
// Threads:   start, drain and stop on the control thread; one thread of its own waits in poll() and
//            never for the store. The store answers on any thread, and wakes it.
// Lifetime:  stop() returns when the thread is joined and no call of the store is under way.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <kvhost/plugin.hpp>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace {

std::optional<sockaddr_in> parse_address(const std::string& text) {
  const auto colon = text.rfind(':');
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(std::atoi(text.c_str() + colon + 1)));
  if (inet_pton(AF_INET, text.substr(0, colon).c_str(), &address.sin_addr) != 1) return {};
  return address;
}

// What the store says about a key; shared with the call that is under way.
struct Answer {
  std::mutex mutex;
  bool is_there = false;
  std::string text;
};

struct Client {
  int socket = -1;
  uint64_t session = 0;
  std::string question;
  std::shared_ptr<Answer> answer;  // once the question is whole
  std::size_t sent = 0;
  bool is_ending = false;  // all is sent; what still comes is read and forgotten
  bool is_asked() const { return answer != nullptr; }
  bool is_answered() const {
    if (!is_asked()) return false;
    const std::lock_guard lock(answer->mutex);
    return answer->is_there;
  }
};

class Finger final : public kvhost::Transport {
 public:
  static constexpr auto kOptions = kvhost::options(
      kvhost::address("listen", "127.0.0.1:7979").doc("where clients connect"),
      kvhost::integer("max_clients", 256).min(1).max(10000).doc("more are turned away"));

  static kvhost::Result<std::unique_ptr<Finger>> create(kvhost::Context& context,
                                                        const kvhost::Config& config) {
    KVHOST_TRY_ASSIGN(const auto store, kvhost::Store::from(context));
    if (!parse_address(config.string("listen"))) {
      return config.fail("listen", "expected an IPv4 address and a port");
    }
    return std::make_unique<Finger>(store, context.node().max_key_bytes, config);
  }
  Finger(kvhost::Store store, uint64_t max_key, const kvhost::Config& config)
      : store_(store),
        max_key_(max_key),
        listen_(config.string("listen")),
        max_clients_(static_cast<std::size_t>(config.integer("max_clients"))) {}
  ~Finger() override { stop({}); }

  kvhost::Status start() override {
    auto address = *parse_address(listen_);
    auto* const raw = reinterpret_cast<sockaddr*>(&address);
    const int on = 1;
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    ::setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (::bind(listener_, raw, sizeof(address)) != 0 || ::listen(listener_, 64) != 0) {
      const auto code =
          errno == EADDRINUSE ? kvhost::StatusCode::ADDRESS_IN_USE : kvhost::StatusCode::IO_ERROR;
      const std::string why = std::strerror(errno);
      close_socket(listener_);
      return {code, "cannot listen on " + listen_ + ": " + why};
    }
    socklen_t length = sizeof(address);
    ::getsockname(listener_, raw, &length);
    address_ = listen_.substr(0, listen_.rfind(':') + 1) + std::to_string(ntohs(address.sin_port));
    wake_event_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    thread_ = std::thread([this] { run(); });
    return {};
  }
  void drain(kvhost::Deadline deadline, std::function<void()> drained) override {
    {
      const std::lock_guard lock(drain_mutex_);
      drain_deadline_ = deadline;
      drained_ = std::move(drained);
    }
    wake();
  }
  void stop(kvhost::Deadline) override {
    is_stopping_ = true;
    if (thread_.joinable()) {
      wake();
      thread_.join();
    }
    close_socket(listener_);
    close_socket(wake_event_);
  }
  std::vector<std::string> addresses() const override { return {address_}; }

 private:
  static void close_socket(int& socket) {
    if (socket >= 0) ::close(socket);
    socket = -1;
  }
  void wake() const {
    const uint64_t one = 1;
    (void)!::write(wake_event_, &one, sizeof(one));
  }
  bool is_draining() const {
    const std::lock_guard lock(drain_mutex_);
    return drained_ != nullptr;
  }

  void run() {
    for (;;) {
      const bool is_ending = is_stopping_ || is_draining();
      if (is_ending) close_socket(listener_);
      const auto ready = wait();
      for (std::size_t i = 0; auto& client : clients_) serve(client, ready[2 + i++].revents);
      clients_.remove_if([this](Client& client) { return is_over(client); });
      if (ready[1].revents != 0 && listener_ >= 0) accept_all();
      end_drain();
      if (is_stopping_ && clients_.empty()) return;
    }
  }

  // The wake event, the listener and then the clients.
  std::vector<pollfd> wait() const {
    std::vector<pollfd> files = {{wake_event_, POLLIN, 0}, {listener_, POLLIN, 0}};
    for (const auto& client : clients_) {
      short wanted = POLLIN;
      if (client.is_asked() && !client.is_ending) wanted = client.is_answered() ? POLLOUT : 0;
      // Who waits for the store has nothing to be polled for.
      files.push_back({wanted == 0 ? -1 : client.socket, wanted, 0});
    }
    constexpr int kTickMs = 50;  // deadlines of a drain are looked at this often
    ::poll(files.data(), files.size(), is_draining() || is_stopping_ ? kTickMs : -1);
    uint64_t count = 0;
    (void)!::read(wake_event_, &count, sizeof(count));
    return files;
  }

  void accept_all() {
    for (;;) {
      Client client;
      client.socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
      if (client.socket < 0) return;
      const auto session = clients_.size() < max_clients_
                               ? store_.open_session("finger", "")
                               : kvhost::Result<uint64_t>(kvhost::Status(
                                     kvhost::StatusCode::OVERLOADED, "too many clients"));
      if (!session) {
        close_socket(client.socket);
        continue;
      }
      client.session = *session;
      clients_.push_back(std::move(client));
    }
  }

  void serve(Client& client, short events) {
    if (events == 0 || client.socket < 0) return;
    if (client.is_answered() && !client.is_ending) return send_answer(client);
    char bytes[4096];
    const ssize_t count = ::recv(client.socket, bytes, sizeof(bytes), 0);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (count <= 0) return close_socket(client.socket);
    if (client.is_ending) return;
    client.question.append(bytes, static_cast<std::size_t>(count));
    const auto end = client.question.find('\n');
    if (end != std::string::npos) {
      client.question.erase(end);
      if (client.question.ends_with('\r')) client.question.pop_back();
      ask(client);
    } else if (client.question.size() > max_key_ + 1) {
      close_socket(client.socket);
    }
  }

  void ask(Client& client) {
    client.answer = std::make_shared<Answer>();
    kvhost::Call call;
    call.session = client.session;
    const std::string_view key = client.question;
    const auto text = std::make_shared<std::string>("no such key\n");
    store_.read(
        call, std::span(&key, 1),
        [text](const kvhost::EntryView& entry) {
          if (entry.found) *text = std::string(entry.value) + "\n";
        },
        [this, text, answer = client.answer](const kvhost::Status& status) {
          // Under the lock, so that nobody who sees the answer takes the loop away before it is
          // woken.
          const std::lock_guard lock(answer->mutex);
          answer->text = status.is_ok() ? *text : status.to_string() + "\n";
          answer->is_there = true;
          wake();
        });
  }

  static void send_answer(Client& client) {
    const std::string_view rest = std::string_view(client.answer->text).substr(client.sent);
    const ssize_t count = ::send(client.socket, rest.data(), rest.size(), MSG_NOSIGNAL);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (count > 0) client.sent += static_cast<std::size_t>(count);
    if (count < 0) return close_socket(client.socket);
    // Not closed at once: a socket with unread input would be reset, and the answer lost.
    client.is_ending = client.sent == client.answer->text.size();
    if (client.is_ending) ::shutdown(client.socket, SHUT_WR);
  }

  // Gone, or not to be waited for; who waits for the store stays until it has answered.
  bool is_over(Client& client) const {
    const bool is_waiting = client.is_asked() && !client.is_answered();
    if (is_waiting) return false;
    const bool is_idle = !client.is_asked() || client.is_ending;
    if (is_stopping_ || (is_draining() && is_idle)) close_socket(client.socket);
    if (client.socket >= 0) return false;
    store_.close_session(client.session);
    return true;
  }

  void end_drain() {
    if (listener_ >= 0) return;  // the drain began in the middle of this round
    std::unique_lock lock(drain_mutex_);
    if (drained_ == nullptr) return;
    if (!clients_.empty() && std::chrono::steady_clock::now() < drain_deadline_) return;
    const auto drained = std::exchange(drained_, nullptr);
    lock.unlock();
    drained();
  }

  const kvhost::Store store_;
  const uint64_t max_key_;
  const std::string listen_;
  const std::size_t max_clients_;

  // Fixed between start() and stop().
  std::string address_;
  int wake_event_ = -1;
  std::thread thread_;

  // The thread's.
  int listener_ = -1;
  std::list<Client> clients_;

  std::atomic<bool> is_stopping_{false};
  mutable std::mutex drain_mutex_;
  kvhost::Deadline drain_deadline_;
  std::function<void()> drained_;
};

}  // namespace

KVHOST_PLUGIN("org.example.finger", "1.0.0",
              kvhost::transport<Finger>("finger",
                                        "a key per connection, as finger asks for users"));
