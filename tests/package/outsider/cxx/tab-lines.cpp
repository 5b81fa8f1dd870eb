// A transport: one request a line, its words separated by tabs.
//
//   get KEY · put KEY VALUE [SECONDS] · delete KEY · scan PREFIX [LIMIT] · quit
//
// One thread polls all sockets. Each connection has one request under way at a time, so replies
// keep their order without a queue.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <functional>
#include <kvhost/plugin.hpp>
#include <map>
#include <mutex>
#include <thread>

namespace {

constexpr std::size_t kMaxLine = 1 << 20;
constexpr std::size_t kMaxUnread = 1 << 20;

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  for (;;) {
    const auto tab = line.find('\t');
    words.push_back(line.substr(0, tab));
    if (tab == std::string_view::npos) return words;
    line.remove_prefix(tab + 1);
  }
}

std::optional<uint64_t> number_of(std::string_view word) {
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
  if (error != std::errc() || end != word.data() + word.size()) return std::nullopt;
  return number;
}

std::string complaint(const kvhost::Status& status) {
  return "error\t" + std::string(status.info().name) + "\t" + std::string(status.message()) + "\n";
}

class TabLines final : public kvhost::Transport {
 public:
  static constexpr auto kOptions = kvhost::options(
      kvhost::address("listen", "127.0.0.1:7072").doc("where clients connect"),
      kvhost::integer("max_clients", 1000)
          .min(1)
          .max(10000)
          .unit("clients")
          .doc("more than these are hung up on"),
      kvhost::duration("idle", "5m").min("1s").max("24h").doc("silent clients are hung up on"));

  static kvhost::Result<std::unique_ptr<TabLines>> create(kvhost::Context& context,
                                                          const kvhost::Config& config) {
    KVHOST_TRY_ASSIGN(const auto store, kvhost::Store::from(context));
    auto made = std::make_unique<TabLines>(store);
    made->log_ = context.log();
    made->listen_ = config.string("listen");
    made->max_clients_ = static_cast<std::size_t>(config.integer("max_clients"));
    made->idle_ = config.duration("idle");
    return made;
  }
  explicit TabLines(kvhost::Store store) : store_(store) {}
  ~TabLines() override { stop({}); }

  kvhost::Status start() override;
  void drain(kvhost::Deadline, std::function<void()> drained) override {
    hand_over([this, drained = std::move(drained)] {
      drained_ = drained;
      is_draining_ = true;
      close(listener_);
      listener_ = -1;
    });
  }
  void stop(kvhost::Deadline) override {
    if (thread_.joinable()) {
      hand_over([this] { is_stopping_ = true; });
      thread_.join();
    }
    for (int* file : {&listener_, &wake_}) {
      if (*file >= 0) close(*file);
      *file = -1;
    }
  }
  std::vector<std::string> addresses() const override { return {address_}; }
  std::string info() const override {
    return "{\"clients\":" + std::to_string(client_count_) + "}";
  }

 private:
  struct Client {
    int socket = -1;
    uint64_t session = 0;
    std::string input;
    std::string output;
    bool is_waiting = false;  // for the store
    bool is_closing = false;  // once the output is out
    std::chrono::steady_clock::time_point last_heard;
  };

  // Runs `work` on the loop's thread. Any thread.
  void hand_over(std::function<void()> work) {
    const std::lock_guard lock(mutex_);
    handed_over_.push_back(std::move(work));
    const uint64_t one = 1;
    (void)!write(wake_, &one, sizeof(one));
  }
  void loop();
  void take_handed_over();
  void accept_clients();
  void hear(uint64_t id, Client& client);
  void serve(uint64_t id, Client& client);
  void request(uint64_t id, Client& client, const std::vector<std::string_view>& words);
  void scan(uint64_t id, Client& client, std::string_view prefix, uint64_t limit);
  void answer(uint64_t id, std::string text);
  static bool speak(Client& client);
  kvhost::Call call_of(const Client& client) const {
    kvhost::Call call;
    call.session = client.session;
    return call;
  }

  const kvhost::Store store_;
  kvhost::Log log_;
  std::string listen_;
  std::string address_;
  std::size_t max_clients_ = 0;
  std::chrono::nanoseconds idle_{};
  int listener_ = -1;
  int wake_ = -1;
  std::thread thread_;
  std::mutex mutex_;
  std::vector<std::function<void()>> handed_over_;
  std::atomic<std::size_t> client_count_{0};
  // The loop's own.
  std::map<uint64_t, Client> clients_;
  uint64_t next_id_ = 1;
  uint64_t under_way_ = 0;
  bool is_draining_ = false;
  bool is_stopping_ = false;
  std::function<void()> drained_;
};

kvhost::Status TabLines::start() {
  const auto colon = listen_.rfind(':');
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<uint16_t>(std::stoi(listen_.substr(colon + 1))));
  if (inet_pton(AF_INET, listen_.substr(0, colon).c_str(), &to.sin_addr) != 1) {
    return {kvhost::StatusCode::CONFIG_ERROR, listen_ + " is no IPv4 address"};
  }
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int one = 1;
  setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
  if (bind(listener_, reinterpret_cast<sockaddr*>(&to), sizeof(to)) != 0 ||
      listen(listener_, 128) != 0) {
    const int reason = errno;
    close(listener_);
    listener_ = -1;
    return {
        reason == EADDRINUSE ? kvhost::StatusCode::ADDRESS_IN_USE : kvhost::StatusCode::IO_ERROR,
        listen_ + ": " + std::strerror(reason)};
  }
  socklen_t length = sizeof(to);
  getsockname(listener_, reinterpret_cast<sockaddr*>(&to), &length);
  address_ = listen_.substr(0, colon) + ":" + std::to_string(ntohs(to.sin_port));
  wake_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  thread_ = std::thread([this] { loop(); });
  return {};
}

void TabLines::loop() {
  std::vector<pollfd> files;
  std::vector<uint64_t> ids;
  for (;;) {
    take_handed_over();
    const auto now = std::chrono::steady_clock::now();
    for (auto at = clients_.begin(); at != clients_.end();) {
      auto& [id, client] = *at;
      const bool is_idle = !client.is_waiting && now - client.last_heard > idle_;
      const bool is_done = client.is_closing && client.output.empty() && !client.is_waiting;
      const bool is_drained = is_draining_ && client.output.empty() && !client.is_waiting;
      if (client.socket >= 0 && !is_stopping_ && !is_idle && !is_done && !is_drained) {
        ++at;
        continue;
      }
      if (client.socket >= 0) close(std::exchange(client.socket, -1));
      if (client.is_waiting) {  // the store still has its request
        ++at;
        continue;
      }
      store_.close_session(client.session);
      at = clients_.erase(at);
    }
    client_count_ = clients_.size();
    if (is_draining_ && clients_.empty() && drained_) std::exchange(drained_, nullptr)();
    if (is_stopping_ && clients_.empty() && under_way_ == 0) return;

    files.assign({{wake_, POLLIN, 0}, {listener_, POLLIN, 0}});
    ids.assign({0, 0});
    for (auto& [id, client] : clients_) {
      short wanted = 0;
      if (!client.output.empty()) wanted |= POLLOUT;
      if (!client.is_closing && !client.is_waiting && client.output.size() < kMaxUnread) {
        wanted |= POLLIN;
      }
      if (client.socket < 0) continue;
      files.push_back({client.socket, wanted, 0});
      ids.push_back(id);
    }
    if (poll(files.data(), files.size(), 1000) < 0 && errno != EINTR) return;
    if (files[1].revents != 0 && listener_ >= 0) accept_clients();
    for (std::size_t i = 2; i < files.size(); ++i) {
      auto& client = clients_.at(ids[i]);
      if ((files[i].revents & POLLOUT) != 0 && !speak(client)) client.is_closing = true;
      if ((files[i].revents & POLLIN) != 0) hear(ids[i], client);
      if ((files[i].revents & (POLLERR | POLLHUP | POLLNVAL)) != 0 &&
          (files[i].revents & POLLIN) == 0) {
        client.output.clear();
        client.is_closing = true;
        close(std::exchange(client.socket, -1));
      }
    }
  }
}

void TabLines::take_handed_over() {
  uint64_t count = 0;
  (void)!read(wake_, &count, sizeof(count));
  std::vector<std::function<void()>> work;
  {
    const std::lock_guard lock(mutex_);
    work.swap(handed_over_);
  }
  for (auto& one : work) one();
}

void TabLines::accept_clients() {
  for (;;) {
    sockaddr_in from{};
    socklen_t length = sizeof(from);
    const int socket = accept4(listener_, reinterpret_cast<sockaddr*>(&from), &length,
                               SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (socket < 0) return;
    char host[INET_ADDRSTRLEN] = "";
    inet_ntop(AF_INET, &from.sin_addr, host, sizeof(host));
    const std::string peer = std::string(host) + ":" + std::to_string(ntohs(from.sin_port));
    const auto session = store_.open_session("tab-lines", peer);
    if (!session || clients_.size() >= max_clients_) {
      if (session) store_.close_session(*session);
      log_.debug(peer + " is hung up on");
      close(socket);
      continue;
    }
    Client& client = clients_[next_id_++];
    client.socket = socket;
    client.session = *session;
    client.last_heard = std::chrono::steady_clock::now();
  }
}

void TabLines::hear(uint64_t id, Client& client) {
  char buffer[16384];
  const ssize_t got = recv(client.socket, buffer, sizeof(buffer), 0);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got <= 0) {
    client.is_closing = true;
    return;
  }
  client.last_heard = std::chrono::steady_clock::now();
  client.input.append(buffer, static_cast<std::size_t>(got));
  serve(id, client);
}

// Carries out the lines that are there, until one has to wait for the store.
void TabLines::serve(uint64_t id, Client& client) {
  while (!client.is_waiting && !client.is_closing && client.output.size() < kMaxUnread) {
    const auto end = client.input.find('\n');
    if (end == std::string::npos) {
      if (client.input.size() > kMaxLine) {
        client.output += "error\ttoo-large\ta line has at most 1048576 bytes\n";
        client.is_closing = true;
      }
      break;
    }
    std::string line = client.input.substr(0, end);
    client.input.erase(0, end + 1);
    if (!line.empty() && line.back() == '\r') line.pop_back();
    request(id, client, words_of(line));
  }
  if (!client.output.empty() && client.socket >= 0 && !speak(client)) client.is_closing = true;
}

void TabLines::request(uint64_t id, Client& client, const std::vector<std::string_view>& words) {
  const auto call = call_of(client);
  const auto is = [&](std::string_view name, std::size_t least, std::size_t most) {
    return words[0] == name && words.size() >= least && words.size() <= most;
  };
  const auto begin = [&] {
    client.is_waiting = true;
    ++under_way_;
  };
  if (is("get", 2, 2)) {
    begin();
    auto text = std::make_shared<std::string>("absent\n");
    store_.read(
        call, std::span(&words[1], 1),
        [text](const kvhost::EntryView& entry) {
          if (entry.found) *text = "value\t" + std::string(entry.value) + "\n";
        },
        [this, id, text](const kvhost::Status& status) {
          answer(id, status.is_ok() ? *text : complaint(status));
        });
  } else if (is("put", 3, 4)) {
    uint64_t ttl_ms = 0;
    if (words.size() == 4) {
      const auto seconds = number_of(words[3]);
      if (!seconds || *seconds == 0) {
        client.output += "error\tinvalid-argument\tthe seconds to live are a number above 0\n";
        return;
      }
      ttl_ms = *seconds * 1000;
    }
    begin();
    kvhost::WriteRequest write;
    write.put(words[1], words[2], ttl_ms);
    store_.write(call, write,
                 [this, id](const kvhost::Status& status, const kvhost::WriteReply& reply) {
                   answer(id, status.is_ok() ? "stored\t" + std::to_string(reply.version) + "\n"
                                             : complaint(status));
                 });
  } else if (is("delete", 2, 2)) {
    begin();
    kvhost::WriteRequest write;
    write.erase(words[1], KVH_OP_WANT_EXISTED);
    store_.write(call, write,
                 [this, id](const kvhost::Status& status, const kvhost::WriteReply& reply) {
                   if (!status.is_ok()) return answer(id, complaint(status));
                   answer(id, reply.items[0].existed != 0 ? "deleted\n" : "absent\n");
                 });
  } else if (is("scan", 2, 3)) {
    const auto limit = words.size() == 3 ? number_of(words[2]) : 100;
    if (!limit || *limit == 0 || *limit > 1000) {
      client.output += "error\tinvalid-argument\tthe limit is 1 to 1000\n";
      return;
    }
    begin();
    scan(id, client, words[1], *limit);
  } else if (is("quit", 1, 1)) {
    client.is_closing = true;
  } else {
    client.output += "error\tunknown-route\tget, put, delete, scan, quit\n";
  }
}

void TabLines::scan(uint64_t id, Client& client, std::string_view prefix, uint64_t limit) {
  const auto call = call_of(client);
  const std::string end = [&] {
    std::string after(prefix);
    while (!after.empty() && after.back() == '\xff') after.pop_back();
    if (!after.empty()) ++after.back();
    return after;
  }();
  kvhost::RangeRequest range;
  range.start = prefix;
  if (!end.empty()) range.end = end;
  const auto cursor = store_.open_cursor(call, range);
  if (!cursor) return answer(id, complaint(cursor.error()));
  auto text = std::make_shared<std::string>();
  store_.next_rows(
      call, *cursor, limit, 1 << 20,
      [text](const kvhost::EntryView& row) {
        *text += "row\t" + std::string(row.key) + "\t" + std::string(row.value) + "\n";
      },
      [this, id, text, session = client.session, cursor = *cursor](const kvhost::Status& status) {
        store_.close_cursor(session, cursor);
        answer(id, status.is_ok() ? *text + "end\n" : complaint(status));
      });
}

// The reply to the request under way. Any thread, perhaps inside the call of the store.
void TabLines::answer(uint64_t id, std::string text) {
  hand_over([this, id, text = std::move(text)] {
    --under_way_;
    Client& client = clients_.at(id);
    client.is_waiting = false;
    client.last_heard = std::chrono::steady_clock::now();
    if (client.socket >= 0) client.output += text;
    serve(id, client);
  });
}

// False when the client has gone.
bool TabLines::speak(Client& client) {
  while (!client.output.empty()) {
    const ssize_t sent =
        send(client.socket, client.output.data(), client.output.size(), MSG_NOSIGNAL);
    if (sent < 0 && (errno == EAGAIN || errno == EINTR)) return true;
    if (sent <= 0) {
      client.output.clear();
      return false;
    }
    client.output.erase(0, static_cast<std::size_t>(sent));
  }
  return true;
}

}  // namespace

KVHOST_PLUGIN("net.outsider.tab-lines", "2.0.0-beta.1",
              kvhost::transport<TabLines>("tab-lines", "one request a line, words by tabs"))
