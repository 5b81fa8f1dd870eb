#include "net/resp_transport.hpp"

#include <algorithm>
#include <atomic>
#include <utility>

#include "net/acceptor.hpp"

namespace kvhost::resp {

namespace {

// Calls `all_done` once: when each of the parts is done, or early; keeps the time of the latter.
class DrainCountdown final : public Task {
 public:
  DrainCountdown(std::size_t parts, std::function<void()> all_done)
      : left_(parts), all_done_(std::move(all_done)) {}
  void done() {
    if (left_.fetch_sub(1) == 1) finish();
  }
  void run() override { finish(); }
  void finish() {
    if (!is_finished_.exchange(true)) all_done_();
  }

 private:
  std::atomic<std::size_t> left_;
  std::atomic<bool> is_finished_{false};
  std::function<void()> all_done_;
};

}  // namespace

Result<std::unique_ptr<RespTransport>> RespTransport::create(Context& context,
                                                             const Config& config) {
  const auto* store = context.service<kvh_store>(KVH_SERVICE_STORE);
  if (store == nullptr) {
    return Status(StatusCode::NOT_SUPPORTED, "the host offers no store to this component");
  }
  return std::make_unique<RespTransport>(context, *store, RespOptions::from(config));
}

RespTransport::RespTransport(const Context& context, const kvh_store& store, RespOptions options)
    : server_(context, store, options), options_(std::move(options)) {}

RespTransport::~RespTransport() { stop(Deadline::max()); }

Status RespTransport::start() {
  KVHOST_TRY_ASSIGN(Descriptor listening, listen_on(options_.listen));
  address_ = local_name(listening.get());
  server_.port = local_port(listening.get());
  const uint32_t threads = std::max<uint32_t>(1, server_.node.io_threads);
  for (uint32_t i = 0; i < threads; ++i) {
    auto loop = std::make_unique<Loop>(server_);
    const Status opened = loop->open();
    if (!opened.is_ok()) {
      loops_.clear();
      return opened;
    }
    loops_.push_back(std::move(loop));
  }
  acceptor_ = std::make_unique<Acceptor>(server_, loops_, std::move(listening));
  if (!acceptor_->open()) {
    loops_.clear();
    return {StatusCode::IO_ERROR, "the event loop refuses the listening socket"};
  }
  for (std::size_t i = 0; i < loops_.size(); ++i) {
    loops_[i]->start("kvhost-resp-" + std::to_string(i));
  }
  server_.log.info("listening on " + address_);
  return {};
}

void RespTransport::drain(Deadline deadline, std::function<void()> drained) {
  if (loops_.empty()) return drained();
  auto countdown = std::make_shared<DrainCountdown>(loops_.size(), std::move(drained));
  Loop& first = *loops_[0];
  first.services().mailbox.post([this, &first, countdown, deadline] {
    acceptor_->close();
    if (deadline == Deadline::max()) return;
    const auto at_ns =
        std::chrono::duration_cast<std::chrono::nanoseconds>(deadline.time_since_epoch()).count();
    const auto id = first.services().timers.add(static_cast<uint64_t>(at_ns), *countdown);
    // The timer must not outlive what it points to.
    cancel_deadline_ = [&first, id, countdown] { first.services().timers.cancel(id); };
  });
  for (auto& loop : loops_) loop->drain([countdown] { countdown->done(); });
}

void RespTransport::stop(Deadline /*deadline*/) {
  if (loops_.empty()) return;
  loops_[0]->services().mailbox.post([this] {
    acceptor_->close();
    if (cancel_deadline_) cancel_deadline_();
  });
  for (auto& loop : loops_) loop->stop();
  // The store answers every call by its deadline; only then do the threads end.
  for (auto& loop : loops_) loop->join();
  cancel_deadline_ = nullptr;
  acceptor_.reset();
  loops_.clear();
}

Status RespTransport::reconfigure(const Config& config) {
  server_.apply(RespOptions::from(config));
  return {};
}

std::vector<std::string> RespTransport::addresses() const { return {address_}; }

std::string RespTransport::info() const {
  return R"({"listen":")" + address_ + R"(","connections":)" +
         std::to_string(server_.clients.count()) + R"(,"protocols":[2,3],"commands":)" +
         std::to_string(server_.counters.commands.load()) + "}";
}

}  // namespace kvhost::resp
