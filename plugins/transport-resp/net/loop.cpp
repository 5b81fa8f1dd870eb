#include "net/loop.hpp"

#include <pthread.h>
#include <sys/socket.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "kvhost/detail/boundary.hpp"

namespace kvhost::resp {

namespace {

constexpr uint64_t kLookNs = 1'000'000'000;

Result<uint64_t> open_store_session(const kvh_store& store, const std::string& peer) {
  const kvh_session_info info{sizeof(info), 0, detail::to_bytes("resp"), detail::to_bytes(peer)};
  uint64_t session = 0;
  kvh_error error = detail::make_error();
  const int32_t code = store.session_open(store.self, &info, &session, &error);
  if (code != KVH_OK) return detail::read_status(code, &error);
  return session;
}

}  // namespace

Loop::~Loop() {
  if (store_session_ != 0) server_.store.session_close(server_.store.self, store_session_);
}

Status Loop::open() {
  KVHOST_TRY(poller_.open());
  KVHOST_TRY_ASSIGN(store_session_, open_store_session(server_.store, "combined writes"));
  services_ = std::make_unique<LoopServices>(server_, store_session_, [this] { poller_.wake(); });
  return {};
}

void Loop::start(const std::string& name) {
  thread_ = std::thread([this, name] {
    pthread_setname_np(pthread_self(), name.c_str());
    run_loop();
  });
}

void Loop::run_loop() {
  LoopServices& services = *services_;
  services.now_ns = steady_ns();
  services.timers.add(services.now_ns + kLookNs, *this);
  while (!is_done()) {
    // Sessions that may go on are no reason to overlook others.
    poller_.wait(services.touched.empty() ? services.timers.next_ns() : std::optional<uint64_t>(0));
    services.now_ns = steady_ns();
    services.mailbox.run_all();
    services.timers.run_due(services.now_ns);
    settle();
  }
  services.mailbox.run_all();
}

bool Loop::is_done() const {
  return is_stopping_ && connections_.empty() && services_->in_flight == 0;
}

void Loop::settle() {
  LoopServices& services = *services_;
  worked_.clear();
  while (!services.touched.empty()) {
    turn_.swap(services.touched);
    for (Session* const session : turn_) {
      session->unlist();
      session->work();
      worked_.push_back(session);
    }
    turn_.clear();
    services.writes.submit();
    services.writes.answer_finished();
  }
  // A session may have worked more than once.
  std::sort(worked_.begin(), worked_.end());
  worked_.erase(std::unique(worked_.begin(), worked_.end()), worked_.end());
  for (Session* const session : worked_) {
    auto& connection = static_cast<Connection&>(*session);
    connection.settle();
    if (!connection.is_gone()) continue;
    connection.unlist();
    std::erase(services.touched, session);
    connections_.erase(&connection);
    delete &connection;
  }
  services.tell_counts();
  if (quiet_ && std::all_of(connections_.begin(), connections_.end(),
                            [](Connection* connection) { return connection->is_quiet(); })) {
    std::exchange(quiet_, nullptr)();
  }
}

void Loop::adopt(Descriptor socket) {
  auto shared = std::make_shared<Descriptor>(std::move(socket));
  services_->mailbox.post([this, shared] { serve(std::move(*shared)); });
}

void Loop::serve(Descriptor socket) {
  if (is_stopping_ || is_draining_) {
    return refuse(socket, {StatusCode::DRAINING, "the node is shutting down"});
  }
  if (server_.clients.count() >= server_.settings.max_clients) {
    server_.counters.refused_connections.fetch_add(1);
    return refuse(socket, {StatusCode::OVERLOADED, "max number of clients reached"});
  }
  const std::string peer = peer_name(socket.get());
  const auto store_session = open_store_session(server_.store, peer);
  if (!store_session) return refuse(socket, store_session.error());
  server_.counters.connections.fetch_add(1);
  auto client = server_.clients.add(peer, local_name(socket.get()), socket.get());
  auto* const connection =
      new Connection(*services_, poller_, std::move(socket), client, *store_session);
  connections_.insert(connection);
  client->on_kill([this, weak = std::weak_ptr<Client>(client), connection] {
    services_->mailbox.post([weak, connection] {
      const auto alive = weak.lock();
      if (alive && !alive->is_closing) connection->shut();
    });
  });
  connection->open();
}

void Loop::refuse(const Descriptor& socket, const Status& why) {
  std::string text;
  ReplyWriter(text, 2).error(why);
  static_cast<void>(::send(socket.get(), text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT));
  ::shutdown(socket.get(), SHUT_RDWR);
}

void Loop::run() {
  const uint64_t now_ns = services_->now_ns;
  for (Connection* const connection :
       std::vector<Connection*>(connections_.begin(), connections_.end())) {
    connection->look_after(now_ns);
  }
  services_->timers.add(now_ns + kLookNs, *this);
}

void Loop::drain(std::function<void()> quiet) {
  services_->mailbox.post([this, quiet = std::move(quiet)] {
    is_draining_ = true;
    quiet_ = quiet;
    for (Connection* const connection : connections_) {
      connection->drain();
      services_->touch(*connection);
    }
  });
}

void Loop::stop() {
  services_->mailbox.post([this] {
    is_stopping_ = true;
    if (quiet_) std::exchange(quiet_, nullptr)();
    for (Connection* const connection : connections_) connection->shut();
  });
}

void Loop::join() {
  if (thread_.joinable()) thread_.join();
}

}  // namespace kvhost::resp
