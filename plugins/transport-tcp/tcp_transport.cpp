#include "tcp_transport.hpp"

#include <pthread.h>

#include <boost/asio/post.hpp>
#include <utility>

#include "address.hpp"

namespace kvhost::tcp {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

constexpr std::chrono::milliseconds kAcceptPause{100};

const Status& draining() {
  static const Status status(StatusCode::DRAINING, "the node is shutting down");
  return status;
}

// Calls `all_done` once: when each of the parts is done, or early.
class Countdown {
 public:
  Countdown(std::size_t parts, std::function<void()> all_done)
      : left_(parts), all_done_(std::move(all_done)) {}
  void done() {
    if (left_.fetch_sub(1) == 1) finish();
  }
  void finish() {
    if (!is_finished_.exchange(true)) all_done_();
  }

 private:
  std::atomic<std::size_t> left_;
  std::atomic<bool> is_finished_{false};
  std::function<void()> all_done_;
};

}  // namespace

Result<std::unique_ptr<TcpTransport>> TcpTransport::create(Context& context, const Config& config) {
  const auto* store = context.service<kvh_store>(KVH_SERVICE_STORE);
  if (store == nullptr) {
    return Status(StatusCode::NOT_SUPPORTED, "the host offers no store to this component");
  }
  return std::make_unique<TcpTransport>(context, *store, TcpOptions::from(config));
}

TcpTransport::TcpTransport(const Context& context, const kvh_store& store, TcpOptions options)
    : log_(context.log()),
      metrics_(context.metrics()),
      environment_{store, context.node(), metrics_, log_, boxes_},
      options_(std::move(options)) {}

TcpTransport::~TcpTransport() { stop(Deadline::max()); }

// ---- start

Status TcpTransport::start() {
  const uint32_t threads = std::max<uint32_t>(1, environment_.node.io_threads);
  for (uint32_t i = 0; i < threads; ++i) loops_.push_back(std::make_unique<Loop>());
  KVHOST_TRY(listen());
  for (auto& loop : loops_) {
    loop->thread = std::thread([context = &loop->context] {
      pthread_setname_np(pthread_self(), "kvhost-tcp");
      context->run();
    });
  }
  asio::post(loops_[0]->context, [this] { accept(); });
  log_.info("listening on " + to_string(local_));
  return {};
}

Status TcpTransport::listen() {
  asio::io_context& context = loops_[0]->context;
  KVHOST_TRY_ASSIGN(const auto endpoint, resolve_address(context, options_.listen));
  acceptor_ = std::make_unique<asio::ip::tcp::acceptor>(context);
  accept_pause_ = std::make_unique<asio::steady_timer>(context);
  drain_deadline_ = std::make_unique<asio::steady_timer>(context);
  error_code failure;
  acceptor_->open(endpoint.protocol(), failure);
  if (!failure) acceptor_->set_option(asio::ip::tcp::acceptor::reuse_address(true), failure);
  if (!failure) acceptor_->bind(endpoint, failure);
  if (!failure) acceptor_->listen(asio::socket_base::max_listen_connections, failure);
  if (!failure) local_ = acceptor_->local_endpoint(failure);
  if (!failure) return {};
  const auto code =
      failure == asio::error::address_in_use ? StatusCode::ADDRESS_IN_USE : StatusCode::IO_ERROR;
  return {code, "listen on " + options_.listen + ": " + failure.message()};
}

void TcpTransport::accept() {
  asio::io_context& context = loops_[next_loop_++ % loops_.size()]->context;
  acceptor_->async_accept(context, [this](error_code failure, asio::ip::tcp::socket socket) {
    if (failure == asio::error::operation_aborted || !acceptor_->is_open()) return;
    if (!failure) {
      admit(std::move(socket));
      return accept();
    }
    // Out of descriptors, most likely: others must close first.
    log_.warning("accept failed: " + failure.message());
    accept_pause_->expires_after(kAcceptPause);
    accept_pause_->async_wait([this](error_code stopped) {
      if (!stopped) accept();
    });
  });
}

void TcpTransport::admit(asio::ip::tcp::socket socket) {
  std::shared_ptr<Connection> connection;
  Status refusal;
  {
    const std::lock_guard lock(mutex_);
    connection = std::make_shared<Connection>(std::move(socket), environment_, options_,
                                              [this](Connection& gone) { forget(gone); });
    if (is_draining_) {
      refusal = draining();
    } else if (connections_.size() >= options_.max_connections) {
      refusal =
          Status(StatusCode::OVERLOADED,
                 "max_connections of " + std::to_string(options_.max_connections) + " is reached");
    }
    connections_.insert(connection);
  }
  connection->open(std::move(refusal));
}

void TcpTransport::forget(Connection& connection) {
  const std::lock_guard lock(mutex_);
  connections_.erase(connection.shared_from_this());
}

std::vector<std::shared_ptr<Connection>> TcpTransport::live_connections() const {
  const std::lock_guard lock(mutex_);
  return {connections_.begin(), connections_.end()};
}

// ---- the end

void TcpTransport::close_acceptor() {
  asio::post(loops_[0]->context, [this] {
    error_code ignored;
    acceptor_->close(ignored);
    accept_pause_->cancel();
  });
}

void TcpTransport::drain(Deadline deadline, std::function<void()> drained) {
  if (loops_.empty()) return drained();
  {
    const std::lock_guard lock(mutex_);
    is_draining_ = true;
  }
  close_acceptor();
  const auto connections = live_connections();
  auto countdown = std::make_shared<Countdown>(connections.size() + 1, std::move(drained));
  for (const auto& connection : connections) {
    connection->drain(draining(), [countdown] { countdown->done(); });
  }
  countdown->done();
  if (deadline == Deadline::max()) return;
  asio::post(loops_[0]->context, [this, deadline, countdown] {
    drain_deadline_->expires_at(deadline);
    drain_deadline_->async_wait([countdown](error_code stopped) {
      if (!stopped) countdown->finish();
    });
  });
}

void TcpTransport::stop(Deadline /*deadline*/) {
  if (loops_.empty()) return;
  if (loops_[0]->thread.joinable()) {
    close_acceptor();
    {
      const std::lock_guard lock(mutex_);
      is_draining_ = true;
    }
    for (const auto& connection : live_connections()) connection->close();
    // The store answers every call by its deadline; only then may the threads go.
    boxes_.wait_for_none();
  }
  for (auto& loop : loops_) {
    loop->context.stop();
    if (loop->thread.joinable()) loop->thread.join();
  }
  {
    const std::lock_guard lock(mutex_);
    connections_.clear();
  }
  drain_deadline_.reset();
  accept_pause_.reset();
  acceptor_.reset();
  loops_.clear();
}

// ---- what others ask

Status TcpTransport::reconfigure(const Config& config) {
  auto options = TcpOptions::from(config);
  const std::lock_guard lock(mutex_);
  options.listen = options_.listen;
  options_ = std::move(options);
  return {};
}

std::vector<std::string> TcpTransport::addresses() const { return {to_string(local_)}; }

std::string TcpTransport::info() const {
  const std::size_t connections = live_connections().size();
  return R"({"listen":")" + to_string(local_) + R"(","connections":)" +
         std::to_string(connections) + R"(,"protocol_version":)" +
         std::to_string(kProtocolVersion) + "}";
}

}  // namespace kvhost::tcp
