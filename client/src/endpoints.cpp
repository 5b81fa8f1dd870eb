#include "endpoints.hpp"

#include <string>
#include <utility>

#include "replies.hpp"
#include "waiting.hpp"

namespace kvhost::client {

Result<std::shared_ptr<Channel>> Endpoints::channel() {
  const std::lock_guard lock(mutex_);
  if (current_ && current_->is_usable()) return current_;
  retire();
  return connect_next();
}

void Endpoints::leave(const std::shared_ptr<Channel>& channel) {
  const std::lock_guard lock(mutex_);
  if (current_ == channel) retire();
}

void Endpoints::retire() {
  if (current_) retired_.push_back(std::exchange(current_, nullptr));
  std::erase_if(retired_, [](const auto& channel) { return channel->may_be_dropped(); });
}

Result<std::shared_ptr<Channel>> Endpoints::connect_next() {
  if (options_.endpoints.empty()) {
    return Status(StatusCode::INVALID_ARGUMENT, "no endpoint is given; expected HOST:PORT");
  }
  Status last;
  std::string all;
  for (std::size_t i = 0; i < options_.endpoints.size(); ++i) {
    const std::string& endpoint = options_.endpoints[next_ % options_.endpoints.size()];
    ++next_;
    auto channel = Channel::open(endpoint, options_);
    last = channel.status();
    if (last.is_ok()) last = authenticate(**channel).with_context(endpoint);
    if (last.is_ok()) {
      current_ = std::move(*channel);
      return current_;
    }
    all += (all.empty() ? "" : "; ") + last.message();
  }
  return Status(last.code(), all);
}

Status Endpoints::authenticate(Channel& channel) const {
  if (options_.user.empty() && options_.secret.empty()) return {};
  const Channel::Terms terms{std::chrono::steady_clock::now() + options_.connect_timeout, false,
                             true};
  return call_and_wait(
             channel, terms,
             [&](tcp::RequestEncoder& encoder, uint64_t id) {
               encoder.authenticate(id, options_.user, options_.secret);
             },
             to_text)
      .status();
}

}  // namespace kvhost::client
