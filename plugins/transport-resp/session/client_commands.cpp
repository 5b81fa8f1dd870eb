// CLIENT and its subcommands.
#include <algorithm>
#include <optional>
#include <string>

#include "command/reading.hpp"
#include "command/table.hpp"
#include "session/session.hpp"
#include "session/session_handlers.hpp"

namespace kvhost::resp {

namespace {

bool is_plain(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= '!' && c <= '~'; });
}

std::string_view command_name(const Client& client) {
  const uint32_t index = client.last_command;
  return index < all_commands().size() ? all_commands()[index]->full_name : "NULL";
}

std::string flags_of(const Client& client) {
  std::string flags;
  if (client.is_monitor) flags.push_back('O');
  if (client.is_blocked) flags.push_back('b');
  if (client.is_no_evict) flags.push_back('e');
  if (client.queued >= 0) flags.push_back('x');
  return flags.empty() ? "N" : flags;
}

std::string describe(const Client& client) {
  const uint64_t now = steady_ns();
  const auto seconds = [&](uint64_t since) { return (now - std::min(now, since)) / 1'000'000'000; };
  const Client::Names names = client.names();
  std::string text;
  const auto add = [&](std::string_view name, std::string_view value) {
    if (!text.empty()) text.push_back(' ');
    text.append(name).append("=").append(value);
  };
  const auto add_number = [&](std::string_view name, int64_t value) {
    add(name, std::to_string(value));
  };
  add_number("id", static_cast<int64_t>(client.id));
  add("addr", client.address);
  add("laddr", client.local_address);
  add_number("fd", client.descriptor);
  add("name", names.name);
  add_number("age", static_cast<int64_t>(seconds(client.opened_ns)));
  add_number("idle", static_cast<int64_t>(seconds(client.last_active_ns)));
  add("flags", flags_of(client));
  add_number("db", client.database);
  for (const char* none : {"sub", "psub", "ssub"}) add_number(none, 0);
  add_number("multi", client.queued);
  add_number("qbuf", static_cast<int64_t>(client.input_bytes));
  add_number("qbuf-free", static_cast<int64_t>(client.input_free_bytes));
  add_number("argv-mem", 0);
  add_number("multi-mem", static_cast<int64_t>(client.queued_bytes));
  for (const char* none : {"rbs", "rbp", "obl", "oll"}) add_number(none, 0);
  add_number("omem", static_cast<int64_t>(client.output_bytes));
  add_number("tot-mem", static_cast<int64_t>(client.input_bytes + client.input_free_bytes +
                                             client.queued_bytes + client.output_bytes));
  add("events", "r");
  add("cmd", command_name(client));
  add("user", "default");
  add_number("redir", -1);
  add_number("resp", client.protocol);
  add("lib-name", names.library);
  add("lib-ver", names.library_version);
  text.push_back('\n');
  return text;
}

// CLIENT KILL's and CLIENT LIST's words for a kind of client.
bool is_type(std::string_view word) {
  return is_word(word, "normal") || is_word(word, "master") || is_word(word, "replica") ||
         is_word(word, "slave") || is_word(word, "pubsub");
}

}  // namespace

void session_client_id(Session& session, Arguments, ReplyWriter& reply) {
  reply.integer(static_cast<int64_t>(session.client().id));
}

void session_client_getname(Session& session, Arguments, ReplyWriter& reply) {
  const std::string name = session.client().names().name;
  if (name.empty()) return reply.null();
  reply.bulk(name);
}

void session_client_setname(Session& session, Arguments words, ReplyWriter& reply) {
  if (!is_plain(words[2])) {
    return reply.error("ERR Client names cannot contain spaces, newlines or special characters.");
  }
  session.client().rename([&](Client::Names& names) { names.name = words[2]; });
  reply.ok();
}

void session_client_setinfo(Session& session, Arguments words, ReplyWriter& reply) {
  const bool is_name = is_word(words[2], "lib-name");
  if (!is_name && !is_word(words[2], "lib-ver")) {
    return reply.error("ERR Unrecognized option '" + std::string(words[2]) + "'");
  }
  if (!is_plain(words[3])) {
    return reply.error("ERR " + std::string(is_name ? "lib-name" : "lib-ver") +
                       " cannot contain spaces, newlines or special characters.");
  }
  session.client().rename(
      [&](Client::Names& names) { (is_name ? names.library : names.library_version) = words[3]; });
  reply.ok();
}

void session_client_info(Session& session, Arguments, ReplyWriter& reply) {
  session.tell_buffers(true);
  reply.verbatim(describe(session.client()));
}

void session_client_list(Session& session, Arguments words, ReplyWriter& reply) {
  const bool by_type = words.size() == 4 && is_word(words[2], "type");
  const bool by_id = words.size() > 3 && is_word(words[2], "id");
  if (words.size() > 2 && !by_type && !by_id) return reply.error(kSyntaxError);
  if (by_type && !is_type(words[3])) {
    return reply.error("ERR Unknown client type '" + std::string(words[3]) + "'");
  }
  std::vector<uint64_t> ids;
  for (std::size_t i = 3; by_id && i < words.size(); ++i) {
    const auto id = parse_integer(words[i]);
    if (!id) return reply.error("ERR Invalid client ID");
    ids.push_back(static_cast<uint64_t>(*id));
  }
  session.tell_buffers(true);
  std::string text;
  for (const auto& client : session.server().clients.all()) {
    if (by_id && std::find(ids.begin(), ids.end(), client->id) == ids.end()) continue;
    if (by_type && !is_word(words[3], "normal")) continue;
    text.append(describe(*client));
  }
  reply.verbatim(text);
}

void session_client_no_evict(Session& session, Arguments words, ReplyWriter& reply) {
  if (!is_word(words[2], "on") && !is_word(words[2], "off")) return reply.error(kSyntaxError);
  session.client().is_no_evict = is_word(words[2], "on");
  reply.ok();
}

void session_client_reply(Session& session, Arguments words, ReplyWriter& reply) {
  if (is_word(words[2], "on")) {
    session.set_reply_mode(Session::ReplyMode::kOn);
    reply.ok();
  } else if (is_word(words[2], "off")) {
    session.set_reply_mode(Session::ReplyMode::kOff);
  } else if (is_word(words[2], "skip")) {
    session.set_reply_mode(Session::ReplyMode::kSkip);
  } else {
    reply.error(kSyntaxError);
  }
}

namespace {

struct KillFilter {
  std::optional<uint64_t> id;
  std::optional<std::string_view> address;
  std::optional<std::string_view> local_address;
  std::optional<std::string_view> user;
  std::optional<std::string_view> type;
  bool skips_me = true;

  bool matches(const Client& client) const {
    if (id && *id != client.id) return false;
    if (address && *address != client.address) return false;
    if (local_address && *local_address != client.local_address) return false;
    if (user && *user != "default") return false;
    return !type || is_word(*type, "normal");
  }
};

bool read_filter(Arguments words, KillFilter& filter, ReplyWriter& reply) {
  for (std::size_t i = 2; i < words.size(); i += 2) {
    if (i + 1 >= words.size()) {
      reply.error(kSyntaxError);
      return false;
    }
    const std::string_view value = words[i + 1];
    if (is_word(words[i], "id")) {
      const auto id = parse_integer(value);
      if (!id || *id < 1) {
        reply.error("ERR client-id should be greater than 0");
        return false;
      }
      filter.id = static_cast<uint64_t>(*id);
    } else if (is_word(words[i], "type")) {
      if (!is_type(value)) {
        reply.error("ERR Unknown client type '" + std::string(value) + "'");
        return false;
      }
      filter.type = value;
    } else if (is_word(words[i], "addr")) {
      filter.address = value;
    } else if (is_word(words[i], "laddr")) {
      filter.local_address = value;
    } else if (is_word(words[i], "user")) {
      if (value != "default") {
        reply.error("ERR No such user '" + std::string(value) + "'");
        return false;
      }
      filter.user = value;
    } else if (is_word(words[i], "skipme") && (is_word(value, "yes") || is_word(value, "no"))) {
      filter.skips_me = is_word(value, "yes");
    } else {
      reply.error(kSyntaxError);
      return false;
    }
  }
  return true;
}

}  // namespace

void session_client_kill(Session& session, Arguments words, ReplyWriter& reply) {
  KillFilter filter;
  const bool is_old_form = words.size() == 3;
  if (is_old_form) {
    filter.address = words[2];
    filter.skips_me = false;
  } else if (!read_filter(words, filter, reply)) {
    return;
  }
  int64_t killed = 0;
  for (const auto& client : session.server().clients.all()) {
    if (!filter.matches(*client)) continue;
    if (client->id == session.client().id) {
      if (filter.skips_me) continue;
      session.close_after_reply();
    } else {
      client->kill();
    }
    ++killed;
  }
  if (!is_old_form) return reply.integer(killed);
  if (killed == 0) return reply.error("ERR No such client");
  reply.ok();
}

}  // namespace kvhost::resp
