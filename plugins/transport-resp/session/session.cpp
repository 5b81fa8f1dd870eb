#include "session/session.hpp"

#include <algorithm>
#include <utility>

#include "command/handlers.hpp"
#include "command/table.hpp"
#include "session/key_flight.hpp"
#include "session/listings.hpp"
#include "session/session_handlers.hpp"
#include "wire/quoting.hpp"

namespace kvhost::resp {

namespace {

constexpr std::size_t kMaxSlots = 4096;
// Replies that wait for the client, of the output limit's bytes, before no more commands are taken.
constexpr uint64_t kSoftShare = 8;
// Whoever wants commands in SLOWLOG from this on wants all of them, those that are quick, too.
constexpr int64_t kTellingAllUs = 1000;
// GETs that are read together: so many, and about so many bytes of replies.
constexpr std::size_t kMaxGets = 64;
constexpr std::size_t kJoinedBytes = 64 << 10;
constexpr std::size_t kKeptSlotBytes = 4 << 10;
constexpr std::size_t kKeptOutputBytes = 256 << 10;

}  // namespace

Session::Session(LoopServices& loop, std::shared_ptr<Client> client, uint64_t store_session)
    : loop_(loop),
      client_(std::move(client)),
      store_session_(store_session),
      parser_({loop.server.settings.max_bulk_bytes, loop.server.max_request_bytes(), true}) {}

Session::~Session() {
  client_->is_closing = true;
  if (is_monitor_) server().monitors.remove(client_->id);
  server().buffered_input.fetch_sub(counted_input_);
}

// ---- input

void Session::received(std::size_t bytes) {
  parser_.received(bytes);
  server().counters.input_bytes.fetch_add(bytes, std::memory_order_relaxed);
}

uint64_t Session::soft_output_bytes() const {
  return loop_.server.settings.output_limit.load(std::memory_order_relaxed) / kSoftShare;
}

bool Session::may_take() const {
  return !is_closing_ && slots_.size() < kMaxSlots &&
         output_.size() + unsent_bytes_ + waiting_bytes_ < soft_output_bytes();
}

bool Session::wants_input() const {
  return !has_command_ && !is_input_over_ && !is_draining_ && may_take();
}

bool Session::has_work() const {
  if (is_abandoned_) return !stalled_.empty();
  if (!stalled_.empty() && output_.size() + unsent_bytes_ < soft_output_bytes()) return true;
  return is_held_back_ && may_take();
}

void Session::work() {
  if (!stalled_.empty()) go_on_with_stalled();
  bool any = false;
  while (may_take()) {
    if (!has_command_) {
      const RequestParser::Step step = parser_.next();
      if (step == RequestParser::Step::kProtocolError) {
        protocol_error();
        break;
      }
      if (step == RequestParser::Step::kNeedsMore) {
        if (is_input_over_ || is_draining_) is_closing_ = true;
        break;
      }
      has_command_ = true;
    }
    any = true;
    if (!take(parser_.arguments())) break;
    has_command_ = false;
  }
  if (!gets_.empty()) read_gets();
  is_held_back_ = !may_take() && (has_command_ || parser_.unread_bytes() != 0);
  if (any) client_->last_active_ns.store(loop_.now_ns, std::memory_order_relaxed);
  // What a few bytes begin costs nothing worth counting.
  const uint64_t held = parser_.buffer_bytes() > (64 << 10) ? parser_.buffer_bytes() : 0;
  if (held != counted_input_) {
    server().buffered_input.fetch_add(held - counted_input_);
    counted_input_ = held;
    if (held != 0 && server().buffered_input.load() > server().settings.input_limit) {
      refuse("ERR Protocol error: too many bytes of requests are under way in this node");
    }
  }
}

void Session::protocol_error() {
  server().counters.errors.fetch_add(1, std::memory_order_relaxed);
  refuse("ERR " + parser_.error());
}

void Session::refuse(std::string_view error) {
  if (!gets_.empty()) read_gets();
  scratch_.clear();
  ReplyWriter(scratch_, protocol_).error(error);
  if (slots_.empty()) {
    output_.append(scratch_);
  } else {
    Slot& slot = slots_.push_back();
    slot.is_ready = true;
    slot.reply = scratch_;
    waiting_bytes_ += scratch_.size();
  }
  is_closing_ = true;
}

void Session::trim() {
  parser_.trim();
  slots_.trim();
  gets_ = {};
  reading_ = {};
  if (output_.empty() && output_.capacity() > kKeptOutputBytes) output_ = {};
}

void Session::tell_buffers(bool is_at_work) {
  const std::size_t used = parser_.unread_bytes() + (is_at_work ? parser_.command_bytes() : 0);
  client_->input_bytes.store(used, std::memory_order_relaxed);
  client_->input_free_bytes.store(parser_.buffer_bytes() - std::min(used, parser_.buffer_bytes()),
                                  std::memory_order_relaxed);
}

bool Session::is_over() const { return is_closing_ && slots_.empty() && in_flight_ == 0; }

bool Session::is_over_output_limit() const {
  // One reply may be as large as the largest value.
  return output_.size() + unsent_bytes_ + waiting_bytes_ >
         loop_.server.settings.output_limit + loop_.server.settings.max_bulk_bytes;
}

// ---- one command

const Command* Session::look_up(Arguments words) {
  const Command* command = find_command(words[0]);
  if (command == nullptr) {
    std::string text = "ERR unknown command '" + std::string(until_nul(words[0]).substr(0, 128)) +
                       "', with args beginning with: ";
    std::size_t room = 128;
    for (std::size_t i = 1; i < words.size() && room > 0; ++i) {
      const auto shown = until_nul(words[i]).substr(0, room);
      const std::size_t before = text.size();
      text.append("'").append(shown).append("' ");
      room -= std::min(room, text.size() - before);
    }
    refuse_command(text);
    return nullptr;
  }
  if (words.size() >= 2 && !subcommands_of(*command).empty()) {
    const Command* const sub = find_subcommand(*command, words[1]);
    if (sub == nullptr) {
      refuse_command("ERR unknown subcommand '" + std::string(words[1].substr(0, 128)) + "'. Try " +
                     upper(command->name) + " HELP.");
      return nullptr;
    }
    command = sub;
  }
  if (!has_arity(*command, words.size())) {
    if (command->name == "exec") {
      end_transaction();
      refuse_command(
          "EXECABORT Transaction discarded because of: wrong number of arguments for 'exec' "
          "command");
      return nullptr;
    }
    refuse_command("ERR wrong number of arguments for '" + std::string(command->full_name) +
                   "' command");
    return nullptr;
  }
  return command;
}

bool Session::take(Arguments words) {
  const Command* const command = look_up(words);
  if (command == nullptr) return true;
  if (!is_authenticated() && !command->has(kNoAuth)) {
    refuse_command("NOAUTH Authentication required.");
    return true;
  }
  if (in_multi_) {
    const std::string_view name = command->full_name;
    const bool acts_now = name == "exec" || name == "discard" || name == "multi" ||
                          name == "watch" || name == "quit" || name == "reset";
    if (!acts_now) {
      queue(*command, words);
      return true;
    }
  }
  return carry_out(*command, words);
}

void Session::refuse_command(std::string_view error) {
  if (in_multi_) is_multi_broken_ = true;
  static const Command none;
  scratch_.clear();
  ReplyWriter(scratch_, protocol_).error(error);
  answer(none, scratch_);
}

bool Session::may_join(const Command& command, Arguments words) const {
  if (command.run != &run_get || reply_mode_ != ReplyMode::kOn || skips_next_) return false;
  const int64_t slow_us = loop_.server.settings.slowlog_us.load(std::memory_order_relaxed);
  const bool tells_all = slow_us >= 0 && slow_us < kTellingAllUs;
  return !tells_all && words[1].size() <= loop_.server.node.max_key_bytes;
}

void Session::read_gets() {
  reading_.swap(gets_);
  gets_.clear();
  const std::size_t count = reading_.size();
  const std::size_t bytes = GetFlight::start(*this, reading_);
  // As many as make a reply of some size: large values are read one by one.
  const std::size_t fitting = kJoinedBytes / (bytes / count + 1);
  const std::size_t next = count < max_gets_ ? max_gets_ : 2 * max_gets_;
  max_gets_ = std::clamp<std::size_t>(fitting, 1, std::min(next, kMaxGets));
}

void Session::go_on_with_stalled() {
  for (GetFlight* const flight : std::exchange(stalled_, {})) flight->go_on();
}

bool Session::carry_out(const Command& command, Arguments words) {
  const bool is_joined = may_join(command, words);
  // What comes before a command has its turn before it.
  if (!is_joined && !gets_.empty()) read_gets();
  Touch touch = touch_of(command, words);
  if (conflicts_.must_wait(touch)) return false;
  const bool is_direct =
      !is_joined && command.way == Way::kKeys && run_direct(command, words, touch);
  if (command.way == Way::kKeys && !is_direct && !is_joined && command.is_write()) {
    touch.kind = Touch::Kind::kChange;
    if (conflicts_.must_wait(touch)) return false;
  }
  loop_.count(command.index);
  client_->last_command.store(command.index, std::memory_order_relaxed);
  // EXEC comes after what it carries out.
  if (server().monitors.watched() && command.name != "exec") tell_monitors(command, words);
  if (is_joined) {
    gets_.push_back(words[1]);
    if (gets_.size() >= max_gets_) read_gets();
    return true;
  }
  const int64_t slow_us = server().settings.slowlog_us.load(std::memory_order_relaxed);
  const bool tells_all = slow_us >= 0 && slow_us < kTellingAllUs;
  if (is_direct) {
    if (tells_all) keep_words(first_slot_ + slots_.size() - 1, words);
    return true;
  }
  const bool is_quick = command.has(kFast) && !tells_all;
  const uint64_t started_ns = is_quick ? 0 : steady_ns();
  const std::size_t under_way = in_flight_;
  switch (command.way) {
    case Way::kKeys:
      KeyFlight::start(*this, command, words, touch);
      break;
    case Way::kSession: {
      std::string text;
      ReplyWriter reply(text, protocol_);
      command.session(*this, words, reply);
      answer(command, text);
      break;
    }
    case Way::kListing:
      start_listing(*this, command, words);
      break;
    case Way::kTransaction:
      run_transaction(command, words);
      break;
    case Way::kTimed:
      start_timed(*this, command, words);
      break;
  }
  if (in_flight_ > under_way) {
    // Flights on keys have their words.
    if (tells_all || command.way != Way::kKeys) {
      keep_words(first_slot_ + slots_.size() - 1, words);
    }
  } else if (!is_quick) {
    note_duration(command, words, steady_ns() - started_ns);
  }
  return true;
}

Touch Session::touch_of(const Command& command, Arguments words) const {
  switch (command.way) {
    case Way::kSession:
      return {};
    case Way::kTransaction:
      if (command.name != "exec" && command.name != "watch") return {};
      return {Touch::Kind::kAll, true, 0};
    case Way::kListing:
    case Way::kTimed:
      return {Touch::Kind::kAll, true, 0};
    case Way::kKeys:
      break;
  }
  Touch touch;
  touch.kind = !command.is_write()              ? Touch::Kind::kRead
               : command.direct == nullptr      ? Touch::Kind::kChange
               : command.direct == &direct_incr ? Touch::Kind::kCount
                                                : Touch::Kind::kWrite;
  const auto first = static_cast<std::size_t>(command.first_key);
  touch.is_wide = first == 0 || command.last_key != command.first_key || words.size() <= first ||
                  command.name == "move";
  if (!touch.is_wide) {
    touch.bucket = Touch::bucket_of(KeyQueue::hash(database_, words[first]));
  }
  return touch;
}

bool Session::run_direct(const Command& command, Arguments words, Touch touch) {
  if (command.direct == nullptr) return false;
  ops_.clear();
  DirectReply reply = DirectReply::kOk;
  if (!command.direct(words, ops_, reply)) return false;
  const uint64_t max_key = server().node.max_key_bytes;
  for (const kvh_op& op : ops_) {
    if (op.key.size > max_key) return false;
  }
  const uint64_t slot = open_slot(command, touch);
  loop_.writes.add(*this, slot, database_, ops_, reply);
  return true;
}

// ---- transactions

void Session::queue(const Command& command, Arguments words) {
  if (command.has(kNoMulti) || command.name == "monitor") {
    return refuse_command("ERR Command not allowed inside a transaction");
  }
  std::size_t bytes = 0;
  for (const auto word : words) bytes += word.size() + sizeof(std::string);
  queued_bytes_ += bytes;
  if (queued_bytes_ > server().max_request_bytes()) {
    return refuse_command("ERR the transaction's commands take more than " +
                          std::to_string(server().max_request_bytes()) + " bytes");
  }
  queued_.push_back({&command, {words.begin(), words.end()}});
  client_->queued.store(static_cast<int64_t>(queued_.size()), std::memory_order_relaxed);
  client_->queued_bytes.store(queued_bytes_, std::memory_order_relaxed);
  answer(command, "+QUEUED\r\n");
}

void Session::end_transaction() {
  in_multi_ = is_multi_broken_ = false;
  queued_.clear();
  queued_bytes_ = 0;
  watched_.clear();
  client_->queued.store(-1, std::memory_order_relaxed);
  client_->queued_bytes.store(0, std::memory_order_relaxed);
}

bool Session::run_transaction(const Command& command, Arguments words) {
  const auto say = [&](auto write) {
    scratch_.clear();
    ReplyWriter reply(scratch_, protocol_);
    write(reply);
    answer(command, scratch_);
  };
  if (command.name == "multi") {
    if (in_multi_) {
      say([](ReplyWriter& reply) { reply.error("ERR MULTI calls can not be nested"); });
      return true;
    }
    in_multi_ = true;
    client_->queued.store(0, std::memory_order_relaxed);
    say([](ReplyWriter& reply) { reply.ok(); });
  } else if (command.name == "unwatch") {
    watched_.clear();
    say([](ReplyWriter& reply) { reply.ok(); });
  } else if (command.name == "watch") {
    if (in_multi_) {
      say([](ReplyWriter& reply) { reply.error("ERR WATCH inside MULTI is not allowed"); });
    } else {
      start_watch(*this, command, words);
    }
  } else if (!in_multi_) {
    say([&](ReplyWriter& reply) { reply.error("ERR " + upper(command.name) + " without MULTI"); });
  } else if (command.name == "discard") {
    end_transaction();
    say([](ReplyWriter& reply) { reply.ok(); });
  } else {
    exec(command);
  }
  return true;
}

void Session::exec(const Command& command) {
  static constexpr std::string_view kExecWords[] = {"exec"};
  if (is_multi_broken_) {
    if (server().monitors.watched()) tell_monitors(command, kExecWords);
    end_transaction();
    scratch_.clear();
    ReplyWriter(scratch_, protocol_)
        .error("EXECABORT Transaction discarded because of previous errors.");
    return answer(command, scratch_);
  }
  std::vector<KeyFlight::Step> steps;
  for (const Queued& each : queued_) {
    const std::vector<std::string_view> words(each.words.begin(), each.words.end());
    if (server().monitors.watched()) tell_monitors(*each.command, words);
    loop_.count(each.command->index);
    steps.push_back({each.command, OwnedWords(words)});
  }
  if (server().monitors.watched()) tell_monitors(command, kExecWords);
  auto watched = std::exchange(watched_, {});
  end_transaction();
  KeyFlight::start_transaction(*this, command, std::move(steps), std::move(watched));
}

// ---- replies

bool Session::next_is_silent() {
  if (reply_mode_ == ReplyMode::kOff) return true;
  return std::exchange(skips_next_, false);
}

void Session::answer(const Command& command, std::string_view reply) {
  if (reply.empty()) return;  // a command that is never answered
  if (!gets_.empty()) read_gets();
  if (!reply.empty() && reply[0] == '-') {
    server().counters.errors.fetch_add(1, std::memory_order_relaxed);
    server().metrics.error();
  }
  if (next_is_silent()) return;
  if (slots_.empty()) {
    output_.append(reply);
    return;
  }
  Slot& slot = slots_.push_back();
  slot.command = &command;
  slot.reply = reply;
  slot.is_ready = true;
  waiting_bytes_ += reply.size();
}

uint64_t Session::open_slot(const Command& command, Touch touch) {
  if (!gets_.empty()) read_gets();
  Slot& slot = slots_.push_back();
  slot.command = &command;
  slot.started_ns = loop_.now_ns;
  slot.touch = touch;
  slot.is_silent = next_is_silent();
  conflicts_.begin(touch);
  ++in_flight_;
  return first_slot_ + slots_.size() - 1;
}

void Session::complete(uint64_t number, std::string_view reply) {
  Slot& slot = slots_[number - first_slot_];
  slot.is_ready = true;
  if (slot.words) note_slow(std::move(*slot.words), steady_ns() - slot.started_ns);
  conflicts_.end(slot.touch);
  --in_flight_;
  if (!reply.empty() && reply[0] == '-') {
    server().counters.errors.fetch_add(1, std::memory_order_relaxed);
    server().metrics.error();
  }
  if (number == first_slot_) {
    if (!slot.is_silent) output_.append(slot.reply).append(reply);
    slot.is_silent = true;
    drain_slots();
  } else {
    slot.reply.append(reply);
    waiting_bytes_ += reply.size();
  }
  loop_.touch(*this);
}

void Session::append_part(uint64_t number, std::string_view part) {
  Slot& slot = slots_[number - first_slot_];
  slot.reply.append(part);
  waiting_bytes_ += part.size();
  if (number != first_slot_) return;
  if (!slot.is_silent) output_.append(slot.reply);
  waiting_bytes_ -= slot.reply.size();
  slot.reply.clear();
  loop_.touch(*this);
}

bool Session::has_room_for(uint64_t slot) const {
  return slot == first_slot_ && output_.size() + unsent_bytes_ < soft_output_bytes();
}

void Session::Slot::recycle() {
  if (reply.capacity() > kKeptSlotBytes) {
    reply = {};
  } else {
    reply.clear();
  }
  words.reset();
  is_ready = is_silent = false;
}

void Session::drain_slots() {
  while (!slots_.empty() && slots_.front().is_ready) {
    Slot& slot = slots_.front();
    if (!slot.is_silent) output_.append(slot.reply);
    waiting_bytes_ -= slot.reply.size();
    slots_.pop_front();
    ++first_slot_;
  }
}

void Session::push(std::string_view bytes) {
  output_.append(bytes);
  loop_.touch(*this);
}

// ---- what commands change

void Session::set_protocol(int protocol) {
  protocol_ = protocol;
  client_->protocol.store(static_cast<uint32_t>(protocol), std::memory_order_relaxed);
}

void Session::select(uint32_t database) {
  database_ = database;
  client_->database.store(database, std::memory_order_relaxed);
}

void Session::set_reply_mode(ReplyMode mode) {
  if (mode == ReplyMode::kSkip) {
    if (reply_mode_ == ReplyMode::kOn) skips_next_ = true;
    return;
  }
  skips_next_ = false;
  reply_mode_ = mode;
}

void Session::reset() {
  end_transaction();
  if (std::exchange(is_monitor_, false)) server().monitors.remove(client_->id);
  client_->is_monitor = false;
  client_->rename([](Client::Names& names) { names.name.clear(); });
  reply_mode_ = ReplyMode::kOn;
  skips_next_ = false;
  select(0);
  set_protocol(2);
}

}  // namespace kvhost::resp
