#include "session/key_flight.hpp"

#include <algorithm>
#include <utility>

#include "command/handlers.hpp"
#include "kvhost/detail/boundary.hpp"
#include "session/listings.hpp"
#include "session/session_handlers.hpp"

namespace kvhost::resp {

namespace {

// The store takes so many keys in one read.
constexpr std::size_t kMaxReadKeys = 10'000;
constexpr uint64_t kListRows = 4096;

kvh_call call_of(const Session& session, uint32_t space) {
  kvh_call call{};
  call.size = sizeof(call);
  call.session = session.store_session();
  call.space = space;
  return call;
}

bool is_write(const std::vector<const Command*>& commands) {
  return std::any_of(commands.begin(), commands.end(),
                     [](const Command* command) { return command->is_write(); });
}

}  // namespace

KeyFlight::KeyFlight(Session& session, const Command& command)
    : session_(session),
      command_(command),
      space_(session.database()),
      protocol_(session.protocol()),
      started_ns_(session.loop().now_ns) {}

// ---- starts

void KeyFlight::start(Session& session, const Command& command, Arguments words, Touch touch) {
  std::unique_ptr<KeyFlight> flight(new KeyFlight(session, command));
  flight->borrowed_ = words;
  flight->want_keys();
  if (flight->advance()) return flight->finish();
  flight->slot_ = session.open_slot(command, touch);
  flight->detach();
  (void)flight.release();
}

void KeyFlight::start_in_slot(Session& session, uint64_t slot, const Command& command,
                              Arguments words, uint32_t space) {
  std::unique_ptr<KeyFlight> flight(new KeyFlight(session, command));
  flight->slot_ = slot;
  flight->space_ = space;
  flight->borrowed_ = words;
  flight->detach();
  flight->want_keys();
  if (flight->advance()) return flight->finish();
  (void)flight.release();
}

void KeyFlight::start_transaction(Session& session, const Command& exec, std::vector<Step> steps,
                                  std::vector<Session::Watched> watched) {
  std::unique_ptr<KeyFlight> flight(new KeyFlight(session, exec));
  flight->is_transaction_ = true;
  flight->steps_ = std::move(steps);
  flight->ran_.resize(flight->steps_.size());
  flight->watched_ = std::move(watched);
  flight->slot_ = session.open_slot(exec, {Touch::Kind::kAll, true, 0});
  flight->want_keys();
  if (flight->advance()) return flight->finish();
  (void)flight.release();
}

void KeyFlight::detach() {
  if (is_transaction_ || !steps_.empty()) return;
  steps_.push_back({&command_, OwnedWords(borrowed_)});
  borrowed_ = {};
}

Arguments KeyFlight::words_of(std::size_t index) const {
  return steps_.empty() ? borrowed_ : steps_[index].words.view();
}

// ---- what it works on

void KeyFlight::want_keys_of(const Command& command, Arguments words, uint32_t space) {
  for (const std::size_t place : key_places(command, words.size())) {
    view_.want(space, words[place]);
  }
  if (const auto other = other_key(command, words)) view_.want(other->space, other->key);
  if (command.way == Way::kListing) note_listed_spaces(command, space, listed_spaces_);
}

void KeyFlight::want_keys() {
  view_.begin(space_, unix_ms(), session_.server().settings.max_bulk_bytes);
  std::vector<const Command*> commands;
  if (is_transaction_) {
    uint32_t space = space_;
    for (const Step& step : steps_) {
      want_keys_of(*step.command, step.words.view(), space);
      commands.push_back(step.command);
      space = database_after(*step.command, step.words.view(), space);
    }
  } else {
    want_keys_of(command_, words_of(0), space_);
    commands.push_back(&command_);
  }
  if (is_write(commands)) {
    for (const auto& item : view_.items()) turns_.push_back(KeyQueue::hash(item.space, item.key));
    std::sort(turns_.begin(), turns_.end());
    turns_.erase(std::unique(turns_.begin(), turns_.end()), turns_.end());
  }
  spaces_to_list_ = listed_spaces_;
  state_ = State::kTurn;
}

// ---- step by step

void KeyFlight::run() {
  if (is_waiting_for_turn_) {
    is_waiting_for_turn_ = false;
    ++turns_taken_;
  } else {
    --session_.loop().in_flight;
  }
  if (!advance()) return;
  std::unique_ptr<KeyFlight> self(this);
  finish();
}

bool KeyFlight::advance() {
  for (;;) {
    switch (state_) {
      case State::kTurn:
        if (!wait_for_turn()) return false;
        state_ = State::kList;
        break;
      case State::kList:
        if (!list()) return false;
        break;
      case State::kRead:
        if (!read()) return false;
        break;
      case State::kRun:
        run_handlers();
        break;
      case State::kWrite:
        if (!write()) return false;
        break;
      case State::kDone:
        return true;
    }
  }
}

bool KeyFlight::wait_for_turn() {
  KeyQueue& queue = session_.server().keys;
  while (turns_taken_ < turns_.size()) {
    if (!queue.acquire(turns_[turns_taken_], *this, session_.loop().mailbox)) {
      is_waiting_for_turn_ = true;
      return false;
    }
    ++turns_taken_;
  }
  return true;
}

// Only transactions come here with something to list: other listings have flights of their own.
bool KeyFlight::list() {
  if (!is_transaction_ || spaces_to_list_.empty()) {
    state_ = State::kRead;
    return true;
  }
  if (!walk_) walk_ = std::make_unique<SpaceWalk>(session_.loop(), session_.store_session());
  const uint32_t space = *spaces_to_list_.begin();
  if (!walk_->is_open()) {
    const Status opened = walk_->open({space, {}, std::nullopt, false});
    if (!opened.is_ok()) {
      fail(opened);
      return true;
    }
  } else {
    if (!walk_->status().is_ok()) {
      fail(walk_->status());
      return true;
    }
    for (const auto& row : walk_->rows()) listed_.push_back(row.key);
    if (walk_->rows().empty()) {
      walk_->close();
      view_.add_listing(space, std::exchange(listed_, {}));
      spaces_to_list_.erase(space);
      return true;
    }
  }
  return walk_->next(kListRows, *this);
}

bool KeyFlight::read() {
  if (is_reading_) {
    is_reading_ = false;
    if (!status_.is_ok()) {
      fail(status_);
      return true;
    }
  }
  const auto& items = view_.items();
  const std::size_t total = items.size();
  while (next_item_ < total) {
    kvh_bytes single{};
    std::vector<kvh_bytes> many;
    uint32_t space = space_;
    const kvh_bytes* keys = &single;
    std::size_t count = 1;
    if (items.size() == 1) {
      space = items[0].space;
      single = detail::to_bytes(items[0].key);
    } else {
      space = items[next_item_].space;
      for (std::size_t i = next_item_; i < total && items[i].space == space; ++i) {
        if (many.size() == kMaxReadKeys) break;
        many.push_back(detail::to_bytes(items[i].key));
      }
      keys = many.data();
      count = many.size();
    }
    const kvh_call call = call_of(session_, space);
    const kvh_store& store = session_.server().store;
    kvh_error error = detail::make_error();
    ++reads_;
    is_reading_ = true;
    ++session_.loop().in_flight;
    const int32_t code =
        store.read(store.self, &call, keys, count, {&on_entries, this}, {&on_done, this}, &error);
    if (code == KVH_PENDING) return false;
    --session_.loop().in_flight;
    is_reading_ = false;
    if (code != KVH_OK) {
      fail(detail::read_status(code, &error));
      return true;
    }
  }
  state_ = State::kRun;
  return true;
}

int32_t KeyFlight::on_entries(void* ctx, const kvh_entry* entries, uint64_t count,
                              uint64_t stride) KVH_NOEXCEPT {
  auto& self = *static_cast<KeyFlight*>(ctx);
  int32_t code = KVH_OUT_OF_MEMORY;
  detail::swallowed([&] {
    ServerCounters& counters = self.session_.server().counters;
    uint64_t hits = 0;
    for (uint64_t i = 0; i < count; ++i) {
      const kvh_entry& entry = detail::strided(entries, stride, i);
      hits += entry.lookup == KVH_LOOKUP_FOUND ? 1 : 0;
      self.view_.loaded(self.next_item_++, entry);
    }
    if (hits != 0) counters.hits.fetch_add(hits, std::memory_order_relaxed);
    if (hits != count) counters.misses.fetch_add(count - hits, std::memory_order_relaxed);
    code = KVH_OK;
  });
  return code;
}

void KeyFlight::on_result(void* ctx, const kvh_result* result) KVH_NOEXCEPT {
  auto& self = *static_cast<KeyFlight*>(ctx);
  detail::swallowed([&] {
    self.failed_.clear();
    for (uint64_t i = 0; i < result->failed_count; ++i) {
      self.failed_.push_back(detail::strided(result->failed, result->failed_stride, i).index);
    }
  });
}

void KeyFlight::on_done(void* ctx, int32_t code, const kvh_error* error) KVH_NOEXCEPT {
  auto& self = *static_cast<KeyFlight*>(ctx);
  detail::swallowed([&] { self.status_ = detail::read_status(code, error); });
  self.session_.loop().mailbox.post(self);
}

void KeyFlight::run_step(std::size_t index, ReplyWriter& reply) {
  const Command& command = steps_.empty() ? command_ : *steps_[index].command;
  const Arguments words = words_of(index);
  if (command.way == Way::kKeys) return command.run(words, view_, reply);
  if (command.way == Way::kListing) {
    return reply_from_view(session_, command, words, view_, reply);
  }
  // What concerns the connection is done once, however often the transaction begins anew.
  auto& ran = ran_[index];
  if (!ran) {
    std::string text;
    ReplyWriter once(text, protocol_);
    session_.select(view_.space());
    run_in_transaction(session_, command, words, once);
    ran = Ran{std::move(text), session_.database()};
  }
  reply_.append(ran->reply);
  view_.select(ran->database);
}

void KeyFlight::run_handlers() {
  reply_.clear();
  ReplyWriter reply(reply_, protocol_);
  view_.select(space_);
  if (is_transaction_) reply.array(steps_.size());
  const std::size_t count = is_transaction_ ? steps_.size() : 1;
  for (std::size_t i = 0; i < count; ++i) run_step(i, reply);
  const bool must_verify = !watched_.empty() || (is_transaction_ && reads_ > 1);
  state_ = view_.has_changes() || must_verify ? State::kWrite : State::kDone;
}

bool KeyFlight::write() {
  if (is_writing_) {
    is_writing_ = false;
    after_write();
    return true;
  }
  const std::vector<kvh_op> ops = view_.changes(space_);
  std::vector<kvh_condition> conditions = view_.conditions(space_);
  for (const auto& watched : watched_) {
    kvh_condition& condition = conditions.emplace_back(kvh_condition{});
    condition.type =
        (watched.version == 0 ? KVH_IF_ABSENT : KVH_IF_VERSION) | in_space(watched.space, space_);
    condition.key = detail::to_bytes(watched.key);
    condition.version = watched.version;
  }
  const kvh_call call = call_of(session_, space_);
  const kvh_store& store = session_.server().store;
  kvh_error error = detail::make_error();
  is_writing_ = true;
  ++session_.loop().in_flight;
  const int32_t code = store.write(store.self, &call, ops.data(), ops.size(), sizeof(kvh_op),
                                   conditions.data(), conditions.size(), sizeof(kvh_condition),
                                   {&on_result, this}, {&on_done, this}, &error);
  if (code == KVH_PENDING) return false;
  --session_.loop().in_flight;
  is_writing_ = false;
  status_ = detail::read_status(code, &error);
  after_write();
  return true;
}

void KeyFlight::after_write() {
  if (status_.is_ok()) {
    state_ = State::kDone;
    return;
  }
  if (status_.code() != StatusCode::CONDITION_FAILED) return fail(status_);
  const std::size_t own = view_.items().size();
  if (std::any_of(failed_.begin(), failed_.end(), [&](uint64_t index) { return index >= own; })) {
    reply_.clear();
    ReplyWriter(reply_, protocol_).null_array();
    state_ = State::kDone;
    return;
  }
  const auto timeout = static_cast<uint64_t>(session_.server().node.request_timeout.count());
  if (steady_ns() - started_ns_ > timeout) {
    return fail({StatusCode::DEADLINE_EXCEEDED, "other writers changed the key again and again"});
  }
  session_.server().counters.retries.fetch_add(1, std::memory_order_relaxed);
  view_.restart(unix_ms());
  next_item_ = reads_ = 0;
  failed_.clear();
  spaces_to_list_ = listed_spaces_;
  state_ = State::kList;
}

void KeyFlight::fail(const Status& status) {
  reply_.clear();
  ReplyWriter(reply_, protocol_).error(status);
  state_ = State::kDone;
}

void KeyFlight::finish() {
  KeyQueue& queue = session_.server().keys;
  for (std::size_t i = 0; i < turns_taken_; ++i) queue.release(turns_[i]);
  if (slot_) {
    const uint64_t duration_ns = steady_ns() - started_ns_;
    session_.server().metrics.duration_ns(duration_ns);
    if (session_.is_slow(duration_ns) && !is_transaction_) session_.keep_words(*slot_, words_of(0));
    session_.complete(*slot_, reply_);
  } else {
    session_.answer(command_, reply_);
  }
}

}  // namespace kvhost::resp
