// HELLO, AUTH, PING, ECHO, SELECT, QUIT, RESET.
#include <string>

#include "command/key_view.hpp"
#include "command/reading.hpp"
#include "kvhost/detail/boundary.hpp"
#include "session/session.hpp"
#include "session/session_handlers.hpp"

namespace kvhost::resp {

namespace {

// Text after which a client may not be told apart in CLIENT LIST.
bool is_plain(std::string_view text) {
  for (const char c : text) {
    if (c < '!' || c > '~') return false;
  }
  return true;
}

// Nothing where the client may go on; else the complaint.
std::string authenticate(Session& session, std::string_view user, std::string_view secret,
                         bool has_user) {
  kvh_error error = detail::make_error();
  const kvh_store& store = session.server().store;
  const int32_t code = store.authenticate(store.self, session.store_session(),
                                          detail::to_bytes(user), detail::to_bytes(secret), &error);
  if (code == KVH_OK) return {};
  if (code != KVH_NOT_SUPPORTED)
    return "WRONGPASS invalid username-password pair or user is disabled.";
  // The node asks for no credentials: the user "default" has any password, others do not exist.
  if (!has_user) {
    return "ERR AUTH <password> called without any password configured for the default user. Are "
           "you "
           "sure your configuration is correct?";
  }
  if (user == "default") return {};
  return "WRONGPASS invalid username-password pair or user is disabled.";
}

struct HelloRequest {
  std::optional<int> protocol;
  bool has_credentials = false;
  std::string_view user;
  std::string_view secret;
  std::optional<std::string_view> name;
};

bool read_hello(Arguments words, HelloRequest& hello, ReplyWriter& reply) {
  if (words.size() >= 2) {
    const auto version = parse_integer(words[1]);
    if (!version) {
      reply.error("ERR Protocol version is not an integer or out of range");
      return false;
    }
    if (*version < 2 || *version > 3) {
      reply.error("NOPROTO unsupported protocol version");
      return false;
    }
    hello.protocol = static_cast<int>(*version);
  }
  for (std::size_t i = 2; i < words.size(); ++i) {
    const std::size_t left = words.size() - i - 1;
    if (is_word(words[i], "auth") && left >= 2) {
      hello.has_credentials = true;
      hello.user = words[++i];
      hello.secret = words[++i];
    } else if (is_word(words[i], "setname") && left >= 1) {
      hello.name = words[++i];
      if (is_plain(*hello.name)) continue;
      reply.error("ERR Client names cannot contain spaces, newlines or special characters.");
      return false;
    } else {
      reply.error("ERR Syntax error in HELLO option '" + std::string(words[i]) + "'");
      return false;
    }
  }
  return true;
}

}  // namespace

void session_hello(Session& session, Arguments words, ReplyWriter& reply) {
  HelloRequest hello;
  if (!read_hello(words, hello, reply)) return;
  if (hello.has_credentials) {
    const std::string complaint = authenticate(session, hello.user, hello.secret, true);
    if (!complaint.empty()) return reply.error(complaint);
  }
  if (hello.name) {
    session.client().rename([&](Client::Names& names) { names.name = *hello.name; });
  }
  if (hello.protocol) session.set_protocol(*hello.protocol);
  std::string text;
  ReplyWriter answer(text, session.protocol());
  answer.map(7);
  answer.bulk("server");
  answer.bulk("redis");
  answer.bulk("version");
  answer.bulk(kRedisVersion);
  answer.bulk("proto");
  answer.integer(session.protocol());
  answer.bulk("id");
  answer.integer(static_cast<int64_t>(session.client().id));
  answer.bulk("mode");
  answer.bulk("standalone");
  answer.bulk("role");
  answer.bulk("master");
  answer.bulk("modules");
  answer.array(0);
  reply.raw(text);
}

void session_auth(Session& session, Arguments words, ReplyWriter& reply) {
  if (words.size() > 3) return reply.error(kSyntaxError);
  const bool has_user = words.size() == 3;
  const std::string complaint =
      authenticate(session, has_user ? words[1] : "default", words.back(), has_user);
  if (!complaint.empty()) return reply.error(complaint);
  reply.ok();
}

void session_ping(Session&, Arguments words, ReplyWriter& reply) {
  if (words.size() > 2) return reply.error("ERR wrong number of arguments for 'ping' command");
  if (words.size() == 2) return reply.bulk(words[1]);
  reply.simple("PONG");
}

void session_echo(Session&, Arguments words, ReplyWriter& reply) { reply.bulk(words[1]); }

void session_select(Session& session, Arguments words, ReplyWriter& reply) {
  Reading reading(reply);
  const auto number = reading.small_integer(words[1]);
  if (!number) return;
  if (*number < 0 || *number >= kDatabases) return reply.error("ERR DB index is out of range");
  session.select(static_cast<uint32_t>(*number));
  reply.ok();
}

void session_quit(Session& session, Arguments, ReplyWriter& reply) {
  reply.ok();
  session.close_after_reply();
}

void session_reset(Session& session, Arguments, ReplyWriter& reply) {
  session.reset();
  reply.simple("RESET");
}

uint32_t database_after(const Command& command, Arguments words, uint32_t database) {
  if (command.session != &session_select) return database;
  const auto number = parse_integer(words[1]);
  return number && *number >= 0 && *number < kDatabases ? static_cast<uint32_t>(*number) : database;
}

}  // namespace kvhost::resp
