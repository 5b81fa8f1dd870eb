// WATCH: remembers the versions of keys.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "kvhost/detail/boundary.hpp"
#include "session/session.hpp"
#include "session/session_handlers.hpp"

namespace kvhost::resp {

namespace {

class WatchFlight final : public Task {
 public:
  WatchFlight(Session& session, const Command& command, Arguments words)
      : session_(session),
        protocol_(session.protocol()),
        slot_(session.open_slot(command, {Touch::Kind::kAll, true, 0})) {
    for (const auto key : words.subspan(1)) {
      watched_.push_back({session.database(), std::string(key), 0});
    }
  }

  void start() {
    std::vector<kvh_bytes> keys;
    for (const auto& watched : watched_) keys.push_back(detail::to_bytes(watched.key));
    kvh_call call{};
    call.size = sizeof(call);
    call.session = session_.store_session();
    call.space = session_.database();
    const kvh_store& store = session_.server().store;
    kvh_error error = detail::make_error();
    ++session_.loop().in_flight;
    const int32_t code = store.read(store.self, &call, keys.data(), keys.size(),
                                    {&on_entries, this}, {&on_done, this}, &error);
    if (code == KVH_PENDING) return;
    status_ = detail::read_status(code, &error);
    run();
  }

  void run() override {
    std::unique_ptr<WatchFlight> self(this);
    --session_.loop().in_flight;
    std::string text;
    ReplyWriter reply(text, protocol_);
    if (status_.is_ok()) {
      for (auto& watched : watched_) session_.watch(std::move(watched));
      reply.ok();
    } else {
      reply.error(status_);
    }
    session_.complete(slot_, text);
  }

 private:
  static int32_t on_entries(void* ctx, const kvh_entry* entries, uint64_t count,
                            uint64_t stride) KVH_NOEXCEPT {
    auto& self = *static_cast<WatchFlight*>(ctx);
    for (uint64_t i = 0; i < count && self.next_ < self.watched_.size(); ++i) {
      const kvh_entry& entry = detail::strided(entries, stride, i);
      self.watched_[self.next_++].version = entry.lookup == KVH_LOOKUP_FOUND ? entry.version : 0;
    }
    return KVH_OK;
  }
  static void on_done(void* ctx, int32_t code, const kvh_error* error) KVH_NOEXCEPT {
    auto& self = *static_cast<WatchFlight*>(ctx);
    detail::swallowed([&] { self.status_ = detail::read_status(code, error); });
    self.session_.loop().mailbox.post(self);
  }

  Session& session_;
  const int protocol_;
  const uint64_t slot_;
  std::vector<Session::Watched> watched_;
  std::size_t next_ = 0;
  Status status_;
};

}  // namespace

void start_watch(Session& session, const Command& command, Arguments words) {
  (new WatchFlight(session, command, words))->start();
}

}  // namespace kvhost::resp
