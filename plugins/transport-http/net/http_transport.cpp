#include "net/http_transport.hpp"

#include <boost/asio/post.hpp>

#include "text/json_text.hpp"

namespace kvhost::http {

Result<std::unique_ptr<HttpTransport>> HttpTransport::create(Context& context,
                                                             const Config& config) {
  KVHOST_TRY_ASSIGN(const Store store, Store::from(context));
  const NodeInfo node = context.node();
  Settings settings;
  settings.listen = config.string("listen");
  settings.max_connections = static_cast<std::size_t>(config.integer("max_connections"));
  settings.threads = node.io_threads == 0 ? 1 : node.io_threads;
  settings.limits = Limits::of(node);
  settings.limits.header_timeout = config.duration("header_timeout");
  settings.limits.body_timeout = config.duration("body_timeout");
  settings.limits.idle_timeout = config.duration("idle_timeout");
  settings.limits.write_timeout = config.duration("write_timeout");
  settings.limits.max_pipelined = static_cast<std::size_t>(config.integer("max_pipelined"));
  // A body that a single request may have must fit.
  settings.max_body_memory =
      std::max(config.bytes("max_body_memory"), 2 * settings.limits.batch_body());
  return std::unique_ptr<HttpTransport>(new HttpTransport(context, store, std::move(settings)));
}

HttpTransport::HttpTransport(const Context& context, Store store, Settings settings)
    : settings_(std::move(settings)),
      bodies_(settings_.max_body_memory),
      count_(std::make_shared<ConnectionCount>()) {
  std::vector<EventLoop*> all;
  for (std::size_t i = 0; i < settings_.threads; ++i) {
    loops_.push_back(
        std::make_unique<EventLoop>(store, settings_.limits, bodies_, context.metrics()));
    all.push_back(loops_.back().get());
  }
  listener_ =
      std::make_shared<Listener>(std::move(all), count_, settings_.max_connections, context.log());
}

HttpTransport::~HttpTransport() {
  if (running_) stop(Deadline::max());
}

Status HttpTransport::start() {
  KVHOST_TRY(listener_->open(settings_.listen));
  address_ = listener_->address();
  running_ = true;
  listener_->start();
  for (std::size_t i = 0; i < loops_.size(); ++i) {
    loops_[i]->start("kvh-http-" + std::to_string(i));
  }
  return {};
}

void HttpTransport::drain(Deadline deadline, std::function<void()> drained) {
  if (!running_) return drained();
  // Held until every loop knows; then the last connection to go ends the drain.
  auto guard = count_->lease();
  count_->when_zero(std::move(drained));
  listener_->close([this, guard = std::move(guard)] {
    for (const auto& loop : loops_) loop->drain_all();
  });
  if (deadline == Deadline::max()) return;
  boost::asio::post(loops_.front()->context(), [this, deadline] {
    drain_timer_ = std::make_unique<boost::asio::steady_timer>(loops_.front()->context(), deadline);
    drain_timer_->async_wait([count = count_](boost::system::error_code error) {
      if (!error) count->fire();
    });
  });
}

void HttpTransport::stop(Deadline) {
  if (!running_) return;
  running_ = false;
  listener_->close([this] {
    drain_timer_.reset();
    for (const auto& loop : loops_) loop->close_all();
  });
  // Every pending call of the store completes, a withdrawn one soon.
  count_->wait_for_zero();
  for (const auto& loop : loops_) loop->stop();
  listener_.reset();
}

std::vector<std::string> HttpTransport::addresses() const { return {address_}; }

std::string HttpTransport::info() const {
  std::string text = "{\"listen\":";
  append_json_string(text, address_);
  text += ",\"connections\":" + std::to_string(count_->value());
  text += ",\"max_connections\":" + std::to_string(settings_.max_connections);
  text += ",\"body_bytes\":" + std::to_string(bodies_.used()) + '}';
  return text;
}

}  // namespace kvhost::http
