#include <utility>

#include "kvhost/client/client.hpp"
#include "replies.hpp"
#include "waiting.hpp"

namespace kvhost::client {

Cursor::Cursor(std::shared_ptr<Channel> channel, uint64_t id, std::chrono::milliseconds timeout)
    : channel_(std::move(channel)), id_(id), timeout_(timeout) {}

Cursor::Cursor(Cursor&& other) noexcept
    : channel_(std::move(other.channel_)),
      id_(std::exchange(other.id_, 0)),
      timeout_(other.timeout_) {}

Cursor& Cursor::operator=(Cursor&& other) noexcept {
  std::swap(channel_, other.channel_);
  std::swap(id_, other.id_);
  std::swap(timeout_, other.timeout_);
  return *this;
}

Cursor::~Cursor() { close(); }

Result<std::vector<Entry>> Cursor::next(uint32_t max_rows, uint32_t max_bytes) {
  if (!channel_) return Status(StatusCode::INVALID_ARGUMENT, "the cursor was moved from");
  tcp::RequestContext context;
  context.deadline_ms = static_cast<uint32_t>(timeout_.count());
  const Channel::Terms terms{std::chrono::steady_clock::now() + timeout_, false, true};
  KVHOST_TRY_ASSIGN(auto rows, call_and_wait(
                                   *channel_, terms,
                                   [&](tcp::RequestEncoder& encoder, uint64_t id) {
                                     encoder.cursor_next(id, context, id_, max_rows, max_bytes);
                                   },
                                   to_rows));
  return std::move(rows.rows);
}

void Cursor::close() {
  if (!channel_ || id_ == 0) return;
  // Nobody waits for the answer: a session's end closes its cursors, too.
  const Channel::Terms terms{std::chrono::steady_clock::now() + timeout_, false, true};
  channel_->submit(
      terms, [](const Result<tcp::Frame>&) {},
      [this](tcp::RequestEncoder& encoder, uint64_t id) { encoder.cursor_close(id, id_); });
}

}  // namespace kvhost::client
