// DEBUG and WAIT, which may answer later.
#include <cmath>
#include <memory>
#include <optional>
#include <string>

#include "command/handlers.hpp"
#include "command/reading.hpp"
#include "session/key_flight.hpp"
#include "session/session.hpp"
#include "session/session_handlers.hpp"

namespace kvhost::resp {

namespace {

constexpr std::string_view kNoDebug =
    "ERR DEBUG command not allowed. If the enable-debug-command option is set to \"local\", you "
    "can "
    "run it from a local connection, otherwise you need to set this option in the configuration "
    "file, "
    "and then restart the server.";

// Answers with a text when its time has come; the connection waits so long.
class Pause final : public Task {
 public:
  Pause(Session& session, const Command& command, std::string reply, std::optional<uint64_t> until)
      : session_(session),
        slot_(session.open_slot(command, {Touch::Kind::kAll, true, 0})),
        reply_(std::move(reply)) {
    session_.client().is_blocked = true;
    session_.server().counters.blocked_clients.fetch_add(1);
    if (until) timer_ = session_.loop().timers.add(*until, *this);
    session_.on_abandon([this] { end(); });
  }
  void run() override {
    timer_.reset();
    end();
  }

 private:
  void end() {
    std::unique_ptr<Pause> self(this);
    if (timer_) session_.loop().timers.cancel(*timer_);
    session_.client().is_blocked = false;
    session_.server().counters.blocked_clients.fetch_sub(1);
    session_.on_abandon(nullptr);
    session_.complete(slot_, reply_);
  }

  Session& session_;
  const uint64_t slot_;
  const std::string reply_;
  std::optional<TimerQueue::Id> timer_;
};

struct WaitRequest {
  int64_t replicas = 0;
  int64_t timeout_ms = 0;
};

std::optional<WaitRequest> read_wait(Arguments words, ReplyWriter& reply) {
  Reading reading(reply);
  const auto replicas = reading.integer(words[1]);
  if (!replicas) return std::nullopt;
  const auto timeout = parse_integer(words[2]);
  if (!timeout) {
    reply.error("ERR timeout is not an integer or out of range");
    return std::nullopt;
  }
  if (*timeout < 0) {
    reply.error("ERR timeout is negative");
    return std::nullopt;
  }
  return WaitRequest{*replicas, *timeout};
}

void start_wait(Session& session, const Command& command, Arguments words) {
  std::string text;
  ReplyWriter reply(text, session.protocol());
  const auto request = read_wait(words, reply);
  if (!request || request->replicas <= 0) {
    if (request) reply.integer(0);
    return session.answer(command, text);
  }
  // What the store has answered is on as many nodes as the node's strategy wants; there are no
  // replicas in the sense of this command.
  std::optional<uint64_t> until;
  if (request->timeout_ms > 0) {
    until = session.loop().now_ns + static_cast<uint64_t>(request->timeout_ms) * 1'000'000;
  }
  new Pause(session, command, ":0\r\n", until);
}

// DEBUG without its waiting: the reply, or the seconds to sleep.
std::optional<double> debug_now(Session& session, Arguments words, ReplyWriter& reply) {
  const auto is = [&](std::string_view name, std::size_t count) {
    return is_word(words[1], name) && words.size() == count;
  };
  if (!session.server().has_debug) {
    reply.error(kNoDebug);
  } else if (is("sleep", 3)) {
    const double seconds = std::strtod(std::string(words[2]).c_str(), nullptr);
    return std::isfinite(seconds) && seconds > 0 ? seconds : 0;
  } else if (is("set-active-expire", 3) || is("pause-cron", 3) || is_word(words[1], "reload")) {
    // Expired keys are absent at once, nothing is done by the clock that could disturb a test, and
    // what is stored is what was loaded.
    reply.ok();
  } else if (is("protocol", 3)) {
    const std::string kind = lower(words[2]);
    if (kind == "string") {
      reply.bulk("Hello World");
    } else if (kind == "integer") {
      reply.integer(12345);
    } else if (kind == "double") {
      reply.number("3.141");
    } else if (kind == "null") {
      reply.null();
    } else if (kind == "array") {
      reply.array(3);
      for (int i = 0; i < 3; ++i) reply.integer(i);
    } else if (kind == "set") {
      reply.set(3);
      for (int i = 0; i < 3; ++i) reply.integer(i);
    } else if (kind == "map") {
      reply.map(3);
      for (int i = 0; i < 3; ++i) {
        reply.integer(i);
        reply.boolean(i == 1);
      }
    } else if (kind == "attrib") {
      if (reply.protocol() >= 3) {
        reply.raw("|1\r\n$14\r\nkey-popularity\r\n*2\r\n$7\r\nkey:123\r\n:90\r\n");
      }
      reply.bulk("Some real reply following the attribute");
    } else if (kind == "push") {
      if (reply.protocol() < 3) {
        reply.error("ERR RESP2 is not supported by this command");
      } else {
        reply.push(2);
        reply.bulk("server-cpu-usage");
        reply.integer(42);
      }
    } else if (kind == "verbatim") {
      reply.verbatim("This is a verbatim\nstring");
    } else if (kind == "true" || kind == "false") {
      reply.boolean(kind == "true");
    } else if (kind == "bignum") {
      reply.big_number("1234567999999999999999999999999999999");
    } else {
      reply.error(
          "ERR Wrong protocol type name. Please use one of the following: "
          "string|integer|double|bignum|null|array|set|map|attrib|push|verbatim|true|false");
    }
  } else {
    reply.error("ERR unknown subcommand or wrong number of arguments for '" +
                std::string(words[1].substr(0, 128)) + "'. Try DEBUG HELP.");
  }
  return std::nullopt;
}

void start_debug(Session& session, const Command& command, Arguments words) {
  if (session.server().has_debug && words.size() == 3 && is_word(words[1], "object")) {
    static const Command object{.name = "debug",
                                .arity = 3,
                                .flags = kReadonly,
                                .run = &run_debug_object,
                                .first_key = 2,
                                .last_key = 2,
                                .key_step = 1,
                                .subcommands = {}};
    return KeyFlight::start(session, object, words, {Touch::Kind::kAll, true, 0});
  }
  std::string text;
  ReplyWriter reply(text, session.protocol());
  const auto seconds = debug_now(session, words, reply);
  if (!seconds) return session.answer(command, text);
  new Pause(session, command, "+OK\r\n",
            session.loop().now_ns + static_cast<uint64_t>(*seconds * 1e9));
}

}  // namespace

void start_timed(Session& session, const Command& command, Arguments words) {
  if (command.name == "wait") return start_wait(session, command, words);
  start_debug(session, command, words);
}

void run_in_transaction(Session& session, const Command& command, Arguments words,
                        ReplyWriter& reply) {
  if (command.way == Way::kSession) return command.session(session, words, reply);
  // UNWATCH: EXEC has forgotten the watched keys already.
  if (command.way == Way::kTransaction) return reply.ok();
  if (command.name == "wait") {
    if (read_wait(words, reply)) reply.integer(0);
  } else if (debug_now(session, words, reply)) {
    reply.ok();
  }
}

}  // namespace kvhost::resp
