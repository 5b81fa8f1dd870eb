#include "session/get_flight.hpp"

#include <utility>

#include "command/table.hpp"
#include "kvhost/detail/boundary.hpp"
#include "session/session.hpp"

namespace kvhost::resp {

namespace {

constexpr std::size_t kMaxJoinedBytes = 64 << 10;
constexpr std::size_t kKeptReplyBytes = 64 << 10;
constexpr std::size_t kKeptFlights = 64;

const Command& get_command() {
  static const Command& found = *find_command("get");
  return found;
}

}  // namespace

GetFlights::GetFlights() = default;
GetFlights::~GetFlights() = default;

std::unique_ptr<GetFlight> GetFlights::take() {
  if (spare_.empty()) return std::make_unique<GetFlight>();
  auto flight = std::move(spare_.back());
  spare_.pop_back();
  return flight;
}

void GetFlights::recycle(std::unique_ptr<GetFlight> flight) {
  if (spare_.size() >= kKeptFlights) return;
  if (flight->reply_.capacity() > kKeptReplyBytes) flight->reply_ = {};
  if (!flight->keys_.is_empty()) flight->keys_ = {};
  spare_.push_back(std::move(flight));
}

std::size_t GetFlight::start(Session& session, std::span<const std::string_view> keys) {
  auto flight = session.loop().gets.take();
  flight->begin(session, keys.size());
  const int32_t code = flight->read(keys);
  if (code == KVH_PENDING) {
    flight.release()->wait_in_slot(keys);
    return 0;
  }
  flight->after_read(flight->status_);
  const std::size_t bytes = flight->reply_.size();
  if (flight->answered_ == flight->total_) {
    session.answer(get_command(), flight->reply_);
    session.loop().gets.recycle(std::move(flight));
    return bytes;
  }
  GetFlight& waiting = *flight.release();
  waiting.wait_in_slot(keys);
  session.append_part(*waiting.slot_, std::exchange(waiting.reply_, {}));
  waiting.go_on();
  return bytes;
}

void GetFlight::begin(Session& session, std::size_t keys) {
  session_ = &session;
  protocol_ = session.protocol();
  space_ = session.database();
  started_ns_ = session.loop().now_ns;
  slot_.reset();
  total_ = keys;
  answered_ = 0;
  reply_.clear();
}

int32_t GetFlight::read(std::span<const std::string_view> keys) {
  views_.clear();
  for (const auto key : keys) views_.push_back(detail::to_bytes(key));
  asked_ = keys.size();
  kvh_call call{};
  call.size = sizeof(call);
  call.session = session_->store_session();
  call.space = space_;
  const kvh_store& store = session_->server().store;
  LoopServices& loop = session_->loop();
  kvh_error error = detail::make_error();
  ++loop.in_flight;
  const int32_t code = store.read(store.self, &call, views_.data(), views_.size(),
                                  {&on_entries, this}, {&on_done, this}, &error);
  if (code == KVH_PENDING) return code;
  --loop.in_flight;
  status_ = detail::read_status(code, &error);
  return code;
}

// Any thread: the store's, when the read was pending.
int32_t GetFlight::on_entries(void* ctx, const kvh_entry* entries, uint64_t count,
                              uint64_t stride) KVH_NOEXCEPT {
  auto& self = *static_cast<GetFlight*>(ctx);
  int32_t code = KVH_OUT_OF_MEMORY;
  detail::swallowed([&] {
    ReplyWriter reply(self.reply_, self.protocol_);
    uint64_t hits = 0;
    uint64_t told = 0;
    for (; told < count && (told == 0 || self.reply_.size() < kMaxJoinedBytes); ++told) {
      const kvh_entry& entry = detail::strided(entries, stride, told);
      if (entry.lookup == KVH_LOOKUP_FOUND) {
        reply.bulk(detail::to_view(entry.value));
        ++hits;
      } else {
        reply.null();
      }
    }
    self.answered_ += told;
    ServerCounters& counters = self.session_->server().counters;
    if (hits != 0) counters.hits.fetch_add(hits, std::memory_order_relaxed);
    if (hits != told) counters.misses.fetch_add(told - hits, std::memory_order_relaxed);
    code = KVH_OK;
  });
  return code;
}

void GetFlight::on_done(void* ctx, int32_t code, const kvh_error* error) KVH_NOEXCEPT {
  auto& self = *static_cast<GetFlight*>(ctx);
  detail::swallowed([&] { self.status_ = detail::read_status(code, error); });
  self.session_->loop().mailbox.post(self);
}

void GetFlight::after_read(const Status& status) {
  if (status.is_ok()) return;
  // Together they are too much; one by one each may be served.
  if (status.code() == StatusCode::TOO_LARGE && asked_ > 1) return;
  ReplyWriter reply(reply_, protocol_);
  for (std::size_t i = 0; i < asked_; ++i) reply.error(status);
  answered_ += asked_;
}

void GetFlight::wait_in_slot(std::span<const std::string_view> keys) {
  Touch touch{Touch::Kind::kRead, total_ > 1, 0};
  if (total_ == 1) touch.bucket = Touch::bucket_of(KeyQueue::hash(space_, keys[0]));
  slot_ = session_->open_slot(get_command(), touch);
  keys_ = OwnedWords(keys);
}

void GetFlight::run() {
  --session_->loop().in_flight;
  after_read(status_);
  session_->append_part(*slot_, reply_);
  reply_.clear();
  go_on();
}

void GetFlight::go_on() {
  while (answered_ < total_ && !session_->is_abandoned()) {
    if (!session_->has_room_for(*slot_)) return session_->stall(*this);
    if (read(keys_.view().subspan(answered_, 1)) == KVH_PENDING) return;
    after_read(status_);
    session_->append_part(*slot_, reply_);
    reply_.clear();
  }
  finish();
}

void GetFlight::finish() {
  std::unique_ptr<GetFlight> self(this);
  const uint64_t duration_ns = steady_ns() - started_ns_;
  session_->server().metrics.duration_ns(duration_ns);
  if (session_->is_slow(duration_ns)) {
    const std::string_view words[] = {"get", keys_.view()[0]};
    session_->keep_words(*slot_, words);
  }
  session_->complete(*slot_, {});
  session_->loop().gets.recycle(std::move(self));
}

}  // namespace kvhost::resp
