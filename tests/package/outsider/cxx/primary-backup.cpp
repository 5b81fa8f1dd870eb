// A replication strategy for a cluster whose primary is named in the configuration and never
// changes. The primary puts every batch into its journal and sends it to the backups; what a
// majority holds on disk is applied, in order. Without a majority nothing is promised to anyone.
//
// The wire, backup ← primary: "E" index now_ms length bytes · "C" index (all up to it is settled).
// primary ← backup: "H" last (what it holds, first thing on a connection) · "A" index.
// All numbers are 64-bit, as the machine has them.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <kvhost/plugin.hpp>
#include <map>
#include <mutex>
#include <thread>

namespace {

using Clock = std::chrono::steady_clock;

kvhost::Status with_errno(const std::string& what) {
  return {errno == EADDRINUSE ? kvhost::StatusCode::ADDRESS_IN_USE : kvhost::StatusCode::IO_ERROR,
          what + ": " + std::strerror(errno)};
}

sockaddr_in parse(const std::string& address) {
  const auto colon = address.rfind(':');
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<uint16_t>(std::stoi(address.substr(colon + 1))));
  if (inet_pton(AF_INET, address.substr(0, colon).c_str(), &to.sin_addr) != 1) {
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  }
  return to;
}

// A connected socket whose reads and writes end when it is shut down by another thread.
class Wire {
 public:
  explicit Wire(int socket) : socket_(socket) {
    const int one = 1;
    setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
  }
  ~Wire() { close(socket_); }
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;
  void hang_up() const { shutdown(socket_, SHUT_RDWR); }
  bool write_all(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t sent = send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  bool read_all(void* to, std::size_t size) const {
    return recv(socket_, to, size, MSG_WAITALL) == static_cast<ssize_t>(size);
  }

 private:
  const int socket_;
};

std::string message(char type, std::initializer_list<uint64_t> numbers,
                    std::string_view bytes = {}) {
  std::string text(1, type);
  for (const uint64_t number : numbers) {
    text.append(reinterpret_cast<const char*>(&number), sizeof(number));
  }
  return text.append(bytes);
}

class PrimaryBackup final : public kvhost::Replication {
 public:
  static constexpr auto kPeer =
      kvhost::options(kvhost::string("id").required().doc("[node] id of the peer"),
                      kvhost::address("address").required().doc("where the peer listens"));
  static constexpr auto kOptions = kvhost::options(
      kvhost::address("listen", "127.0.0.1:7073").doc("where the primary reaches this node"),
      kvhost::tables("peers", kPeer).doc("the other nodes; none = a node by itself"),
      kvhost::string("primary").doc("[node] id of the primary; the lowest id without it"));

  static kvhost::Result<std::unique_ptr<PrimaryBackup>> create(kvhost::Context& context,
                                                               const kvhost::Config& config) {
    auto made = std::make_unique<PrimaryBackup>(context);
    made->listen_ = config.string("listen");
    made->node_id_ = context.node().node_id;
    made->primary_ = made->node_id_;
    for (std::size_t i = 0; i < config.count("peers"); ++i) {
      const std::string peer = kvhost::Config::element("peers", i);
      made->peers_[config.string(peer + ".id")] = {config.string(peer + ".address"), 0, nullptr};
      made->primary_ = std::min(made->primary_, config.string(peer + ".id"));
    }
    if (made->peers_.count(made->node_id_) != 0) {
      return config.fail("peers", "must not name this node, " + made->node_id_);
    }
    if (const auto named = config.string("primary"); !named.empty()) {
      if (named != made->node_id_ && made->peers_.count(named) == 0) {
        return config.fail("primary", "is neither this node nor a peer");
      }
      made->primary_ = named;
    }
    return made;
  }
  explicit PrimaryBackup(const kvhost::Context& context) : context_(context), log_(context.log()) {}
  ~PrimaryBackup() override { stop({}); }

  uint64_t traits() const override { return KVH_TRAIT_OWN_LOG | KVH_TRAIT_LINEARIZABLE; }
  kvhost::Status attach(kvhost::StateMachine machine) override;
  void stop(kvhost::Deadline) override;
  void propose(const kvh_call& call, std::span<const std::string_view> batches,
               kvhost::ProposalDone done) override;
  void read_barrier(const kvh_call& call, kvhost::BarrierDone done) override;
  std::string status() const override;

 private:
  struct Peer {
    std::string address;
    uint64_t held = 0;  // it has this and all before on disk
    std::shared_ptr<Wire> wire;
  };
  struct Entry {
    uint64_t now_ms = 0;
    std::string bytes;
  };
  // A batch that somebody waits for.
  struct Waiter {
    kvhost::ProposalDone done;
    uint64_t offset = 0;
    std::shared_ptr<std::size_t> left;  // of its proposal
    Clock::time_point deadline;
  };

  bool is_primary() const { return primary_ == node_id_; }
  std::size_t majority() const { return (peers_.size() + 1) / 2 + 1; }
  void take_from_journal();
  void append(uint64_t index, const Entry& entry);
  void settle();
  void apply_loop();
  void give_up_late(Clock::time_point now, std::vector<Waiter>& late);
  void finish(const std::vector<Waiter>& waiters, const kvhost::Status& status);
  void send_loop(const std::string& id);
  void hear_acks(const std::string& id, const Wire& wire);
  void listen_loop();
  void follow(const Wire& wire);

  const kvhost::Context context_;
  const kvhost::Log log_;
  std::string listen_;
  std::string node_id_;
  std::string primary_;
  int listener_ = -1;
  std::optional<kvhost::StateMachine> machine_;
  std::unique_ptr<kvhost::Journal> journal_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool is_running_ = false;
  std::map<std::string, Peer> peers_;
  std::shared_ptr<Wire> upstream_;     // a backup's connection from the primary
  std::map<uint64_t, Entry> entries_;  // all that the journal holds
  std::map<uint64_t, Waiter> waiters_;
  uint64_t last_ = 0;     // the newest entry
  uint64_t durable_ = 0;  // here
  uint64_t settled_ = 0;  // on a majority
  uint64_t applied_ = 0;
  uint64_t last_now_ms_ = 0;
  bool is_broken_ = false;
  std::vector<std::thread> threads_;
};

kvhost::Status PrimaryBackup::attach(kvhost::StateMachine machine) {
  auto journal = kvhost::Journal::open(context_, "primary-backup");
  if (!journal) return journal.error();
  const std::lock_guard lock(mutex_);
  machine_ = machine;
  journal_ = std::move(*journal);
  is_running_ = true;
  is_broken_ = false;
  take_from_journal();
  if (!is_primary()) {
    const sockaddr_in to = parse(listen_);
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int one = 1;
    setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    if (bind(listener_, reinterpret_cast<const sockaddr*>(&to), sizeof(to)) != 0 ||
        listen(listener_, 4) != 0) {
      return with_errno(listen_);
    }
    threads_.emplace_back([this] { listen_loop(); });
  } else {
    settle();
    for (const auto& [id, peer] : peers_) {
      threads_.emplace_back([this, name = id] { send_loop(name); });
    }
  }
  threads_.emplace_back([this] { apply_loop(); });
  machine.role_changed(is_primary() ? KVH_ROLE_LEADER : KVH_ROLE_FOLLOWER, {});
  return {};
}

// An entry of the journal is the stamp, then the batch.
void PrimaryBackup::take_from_journal() {
  const auto held = journal_->bounds();
  entries_.clear();
  last_ = durable_ = held.last < held.first ? held.first - 1 : held.last;
  settled_ = applied_ = machine_->applied().index;
  last_now_ms_ = 0;
  for (uint64_t next = held.first; next <= held.last;) {
    const auto status = journal_->read(next, 1 << 20, [&](const kvhost::JournalEntryView& entry) {
      Entry& mine = entries_[entry.index];
      std::memcpy(&mine.now_ms, entry.payload.data(), sizeof(mine.now_ms));
      mine.bytes = entry.payload.substr(sizeof(mine.now_ms));
      last_now_ms_ = mine.now_ms;
      next = entry.index + 1;
    });
    if (!status.is_ok()) {
      log_.error("the journal cannot be read: " + status.message());
      is_broken_ = true;
      return;
    }
  }
}

void PrimaryBackup::stop(kvhost::Deadline) {
  {
    const std::lock_guard lock(mutex_);
    if (!is_running_) return;
    is_running_ = false;
    if (listener_ >= 0) shutdown(listener_, SHUT_RDWR);
    if (upstream_) upstream_->hang_up();
    for (auto& [id, peer] : peers_) {
      if (peer.wire) peer.wire->hang_up();
    }
  }
  changed_.notify_all();
  for (auto& thread : threads_) thread.join();
  threads_.clear();
  if (listener_ >= 0) close(std::exchange(listener_, -1));
  journal_.reset();  // completes what was appended
  std::vector<Waiter> left;
  for (auto& [index, waiter] : waiters_) left.push_back(waiter);
  waiters_.clear();
  finish(left, {kvhost::StatusCode::OUTCOME_UNKNOWN, "the node stops before it was settled"});
}

// Under the lock. The journal calls back from its own thread, or at once when it refuses.
void PrimaryBackup::append(uint64_t index, const Entry& entry) {
  std::string payload(reinterpret_cast<const char*>(&entry.now_ms), sizeof(entry.now_ms));
  payload += entry.bytes;
  const kvhost::JournalEntryView view{index, 1, payload};
  journal_->append(std::span(&view, 1), [this, index](const kvhost::Status& status) {
    // Not under our lock here when it is called later; inside the call it is refused, and we are.
    if (!status.is_ok()) {
      log_.error("the journal refuses: " + status.message());
      is_broken_ = true;
      return;
    }
    std::shared_ptr<Wire> upstream;
    {
      const std::lock_guard lock(mutex_);
      durable_ = std::max(durable_, index);
      if (is_primary()) settle();
      upstream = upstream_;
    }
    changed_.notify_all();
    if (upstream) upstream->write_all(message('A', {index}));
  });
}

// Under the lock: what a majority holds is settled.
void PrimaryBackup::settle() {
  std::vector<uint64_t> held{durable_};
  for (const auto& [id, peer] : peers_) held.push_back(std::min(peer.held, last_));
  std::sort(held.rbegin(), held.rend());
  settled_ = std::max(settled_, held[majority() - 1]);
}

void PrimaryBackup::propose(const kvh_call& call, std::span<const std::string_view> batches,
                            kvhost::ProposalDone done) {
  std::unique_lock lock(mutex_);
  kvhost::Status refusal;
  if (!is_running_) {
    refusal = {kvhost::StatusCode::DRAINING, "the strategy is stopping"};
  } else if (!is_primary()) {
    refusal = {kvhost::StatusCode::NOT_LEADER, "the primary is " + primary_};
  } else if (is_broken_) {
    refusal = {kvhost::StatusCode::READ_ONLY, "the journal failed; see the log"};
  } else if (waiters_.size() > 10000) {
    refusal = {kvhost::StatusCode::OVERLOADED, "too many batches are waiting"};
  }
  if (!refusal.is_ok()) {
    lock.unlock();
    return done.finish(refusal);
  }
  const auto left = std::make_shared<std::size_t>(batches.size());
  const auto deadline = call.deadline_ns == 0
                            ? Clock::now() + context_.node().request_timeout
                            : Clock::time_point(std::chrono::nanoseconds(call.deadline_ns));
  for (std::size_t i = 0; i < batches.size(); ++i) {
    last_now_ms_ = std::max(last_now_ms_, machine_->now_ms());
    const Entry& entry = entries_[++last_] = {last_now_ms_, std::string(batches[i])};
    waiters_.emplace(last_, Waiter{done, i, left, deadline});
    append(last_, entry);
  }
  lock.unlock();
  changed_.notify_all();
}

void PrimaryBackup::read_barrier(const kvh_call& call, kvhost::BarrierDone done) {
  std::unique_lock lock(mutex_);
  const uint64_t applied = applied_;
  const bool is_running = is_running_;
  lock.unlock();
  if (!is_running) return done.refuse({kvhost::StatusCode::DRAINING, "the strategy is stopping"});
  if (!is_primary() && call.read_level != KVH_READ_LOCAL) {
    return done.refuse({kvhost::StatusCode::NOT_LEADER, "the primary is " + primary_});
  }
  done.grant(applied, machine_->now_ms());
}

std::string PrimaryBackup::status() const {
  const std::lock_guard lock(mutex_);
  std::string text = std::string(R"({"role":")") + (is_primary() ? "leader" : "follower") +
                     R"(","leader":")" + primary_ + R"(","commit_index":)" +
                     std::to_string(settled_) + R"(,"last_index":)" + std::to_string(last_) +
                     R"(,"peers":[)";
  for (const auto& [id, peer] : peers_) {
    if (text.back() != '[') text += ",";
    text += R"({"id":")" + id + R"(","connected":)" + (peer.wire ? "true" : "false") +
            R"(,"lag":)" + std::to_string(last_ - std::min(peer.held, last_)) + "}";
  }
  return text + "]}";
}

void PrimaryBackup::finish(const std::vector<Waiter>& waiters, const kvhost::Status& status) {
  for (const auto& waiter : waiters) {
    if (*waiter.left == 0) continue;
    if (status.is_ok()) {
      if (--*waiter.left == 0) waiter.done.finish({});
    } else {
      *waiter.left = 0;
      waiter.done.finish(status);
    }
  }
}

void PrimaryBackup::give_up_late(Clock::time_point now, std::vector<Waiter>& late) {
  for (auto at = waiters_.begin(); at != waiters_.end();) {
    if (at->second.deadline > now) {
      ++at;
      continue;
    }
    late.push_back(at->second);
    at = waiters_.erase(at);
  }
}

void PrimaryBackup::apply_loop() {
  std::unique_lock lock(mutex_);
  while (is_running_) {
    changed_.wait_for(lock, std::chrono::milliseconds(50), [&] {
      return !is_running_ || (!is_broken_ && applied_ < std::min(settled_, last_));
    });
    std::vector<Waiter> late;
    give_up_late(Clock::now(), late);
    if (!late.empty()) {
      lock.unlock();
      finish(late, {kvhost::StatusCode::OUTCOME_UNKNOWN, "no majority had it in time"});
      lock.lock();
    }
    while (is_running_ && !is_broken_ && applied_ < std::min(settled_, last_)) {
      const uint64_t index = applied_ + 1;
      const Entry entry = entries_.at(index);
      const auto at = waiters_.find(index);
      std::optional<Waiter> waiter;
      if (at != waiters_.end()) waiter = at->second;
      lock.unlock();
      const kvh_ordered_batch batch{entry.now_ms, {entry.bytes.data(), entry.bytes.size()}};
      const auto status =
          machine_->apply({0, 1, index}, std::span(&batch, 1),
                          [&](uint64_t, const kvhost::Status& result, const kvh_result* details) {
                            if (waiter) waiter->done.result(waiter->offset, result, details);
                          });
      lock.lock();
      if (!status.is_ok()) {
        log_.error("apply failed: " + status.message());
        is_broken_ = true;
        break;
      }
      applied_ = index;
      waiters_.erase(index);
      if (waiter) {
        lock.unlock();
        finish({*waiter}, {});
        lock.lock();
      }
    }
  }
}

// Keeps one backup supplied: connects, learns what it holds, sends what follows.
void PrimaryBackup::send_loop(const std::string& id) {
  std::unique_lock lock(mutex_);
  while (is_running_) {
    const sockaddr_in to = parse(peers_.at(id).address);
    lock.unlock();
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    uint64_t held = 0;
    char type = 0;
    std::shared_ptr<Wire> wire = std::make_shared<Wire>(socket);
    {
      const std::lock_guard inner(mutex_);
      if (is_running_) peers_.at(id).wire = wire;
    }
    const timeval patience{1, 0};
    setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    const bool is_up = connect(socket, reinterpret_cast<const sockaddr*>(&to), sizeof(to)) == 0 &&
                       wire->read_all(&type, 1) && type == 'H' &&
                       wire->read_all(&held, sizeof(held));
    lock.lock();
    if (is_up && is_running_) {
      const timeval forever{0, 0};
      setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &forever, sizeof(forever));
      peers_.at(id).held = held;
      settle();
      std::thread acks([this, id, wire] { hear_acks(id, *wire); });
      uint64_t sent = std::min(held, last_);
      uint64_t told = 0;
      while (is_running_ && peers_.at(id).wire == wire) {
        std::string text;
        while (sent < last_ && text.size() < (1 << 20)) {
          const Entry& entry = entries_.at(++sent);
          text += message('E', {sent, entry.now_ms, entry.bytes.size()}, entry.bytes);
        }
        if (told != settled_) text += message('C', {told = settled_});
        if (text.empty()) {
          changed_.wait_for(lock, std::chrono::milliseconds(200));
          continue;
        }
        lock.unlock();
        const bool is_sent = wire->write_all(text);
        lock.lock();
        if (!is_sent) break;
      }
      lock.unlock();
      wire->hang_up();
      acks.join();
      lock.lock();
    }
    peers_.at(id).wire = nullptr;
    changed_.wait_for(lock, std::chrono::milliseconds(100), [this] { return !is_running_; });
  }
}

void PrimaryBackup::hear_acks(const std::string& id, const Wire& wire) {
  char type = 0;
  uint64_t index = 0;
  while (wire.read_all(&type, 1) && type == 'A' && wire.read_all(&index, sizeof(index))) {
    {
      const std::lock_guard lock(mutex_);
      peers_.at(id).held = std::max(peers_.at(id).held, index);
      settle();
    }
    changed_.notify_all();
  }
  const std::lock_guard lock(mutex_);
  if (peers_.at(id).wire.get() == &wire) peers_.at(id).wire = nullptr;
  changed_.notify_all();
}

// A backup: one primary at a time.
void PrimaryBackup::listen_loop() {
  std::thread follower;
  for (;;) {
    const int socket = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    std::unique_lock lock(mutex_);
    if (upstream_) upstream_->hang_up();
    if (!is_running_ || socket < 0) {
      if (socket >= 0) close(socket);
      lock.unlock();
      if (follower.joinable()) follower.join();
      if (!is_running_) return;
      continue;
    }
    lock.unlock();
    if (follower.joinable()) follower.join();
    lock.lock();
    if (!is_running_) {
      close(socket);
      return;
    }
    upstream_ = std::make_shared<Wire>(socket);
    follower = std::thread([this, wire = upstream_] { follow(*wire); });
  }
}

void PrimaryBackup::follow(const Wire& wire) {
  uint64_t durable = 0;
  {
    const std::lock_guard lock(mutex_);
    durable = durable_;
  }
  if (!wire.write_all(message('H', {durable}))) return;
  char type = 0;
  while (wire.read_all(&type, 1)) {
    uint64_t numbers[3] = {0, 0, 0};
    const std::size_t count = type == 'E' ? 3 : 1;
    if (!wire.read_all(numbers, count * sizeof(uint64_t))) return;
    if (type == 'E') {
      Entry entry{numbers[1], std::string(numbers[2], '\0')};
      if (!wire.read_all(entry.bytes.data(), entry.bytes.size())) return;
      const std::lock_guard lock(mutex_);
      if (numbers[0] != last_ + 1) continue;  // it is on its way to the disk
      entries_[++last_] = entry;
      append(last_, entry);
    } else {
      const std::lock_guard lock(mutex_);
      settled_ = std::max(settled_, numbers[0]);
    }
    changed_.notify_all();
  }
}

}  // namespace

KVHOST_PLUGIN("net.outsider.primary-backup", "0.1.0",
              kvhost::replication<PrimaryBackup>("primary-backup",
                                                 "one primary, named once, and its backups"))
