// TIME, ROLE, SHUTDOWN, MONITOR, SLOWLOG, FUNCTION FLUSH and the HELP of every container.
#include <limits>
#include <string>

#include "command/reading.hpp"
#include "command/table.hpp"
#include "session/session.hpp"
#include "session/session_handlers.hpp"
#include "wire/quoting.hpp"

namespace kvhost::resp {

void session_time(Session&, Arguments, ReplyWriter& reply) {
  const uint64_t now = unix_us();
  reply.array(2);
  reply.bulk(std::to_string(now / 1'000'000));
  reply.bulk(std::to_string(now % 1'000'000));
}

void session_role(Session&, Arguments, ReplyWriter& reply) {
  reply.array(3);
  reply.bulk("master");
  reply.integer(0);
  reply.array(0);
}

void session_shutdown(Session& session, Arguments words, ReplyWriter& reply) {
  bool aborts = false;
  int saves = 0;
  for (const auto word : words.subspan(1)) {
    if (is_word(word, "nosave") || is_word(word, "save")) {
      ++saves;
    } else if (is_word(word, "abort")) {
      aborts = true;
    } else if (!is_word(word, "now") && !is_word(word, "force")) {
      return reply.error(kSyntaxError);
    }
  }
  if (saves > 1 || (aborts && words.size() > 2)) return reply.error(kSyntaxError);
  if (aborts) return reply.error("ERR No shutdown in progress.");
  session.server().log.warning("SHUTDOWN was asked for by " + session.client().address);
  session.close_after_reply();
  session.server().shut_down();
}

void session_monitor(Session& session, Arguments, ReplyWriter& reply) {
  session.start_monitor();
  reply.ok();
}

void session_function_flush(Session&, Arguments words, ReplyWriter& reply) {
  if (words.size() > 3) {
    return reply.error("ERR unknown subcommand or wrong number of arguments for '" +
                       std::string(until_nul(words[1]).substr(0, 128)) + "'. Try FUNCTION HELP.");
  }
  const bool is_good =
      words.size() == 2 ||
      (words.size() == 3 && (is_word(words[2], "sync") || is_word(words[2], "async")));
  if (!is_good) {
    return reply.error("ERR FUNCTION FLUSH only supports SYNC|ASYNC option");
  }
  reply.ok();
}

// ---- SLOWLOG

void session_slowlog_get(Session& session, Arguments words, ReplyWriter& reply) {
  int64_t count = 10;
  if (words.size() > 3) {
    return reply.error("ERR wrong number of arguments for 'slowlog|get' command");
  }
  if (words.size() == 3) {
    const auto number = parse_integer(words[2]);
    if (!number || *number < -1) {
      return reply.error("ERR count should be greater than or equal to -1");
    }
    count = *number == -1 ? std::numeric_limits<int64_t>::max() : *number;
  }
  const auto slow = session.server().slow_log.newest(static_cast<std::size_t>(count));
  reply.array(slow.size());
  for (const auto& command : slow) {
    reply.array(6);
    reply.integer(static_cast<int64_t>(command.id));
    reply.integer(static_cast<int64_t>(command.unix_seconds));
    reply.integer(static_cast<int64_t>(command.duration_us));
    reply.array(command.words.size());
    for (const auto& word : command.words) reply.bulk(word);
    reply.bulk(command.client_address);
    reply.bulk(command.client_name);
  }
}

void session_slowlog_len(Session& session, Arguments, ReplyWriter& reply) {
  reply.integer(static_cast<int64_t>(session.server().slow_log.length()));
}

void session_slowlog_reset(Session& session, Arguments, ReplyWriter& reply) {
  session.server().slow_log.reset();
  reply.ok();
}

// ---- HELP

void session_help(Session&, Arguments words, ReplyWriter& reply) {
  const Command& container = *find_command(words[0]);
  const auto subcommands = subcommands_of(container);
  reply.array(1 + 2 * subcommands.size());
  reply.simple(upper(container.name) + " <subcommand> [<arg> [value] [opt] ...]. Subcommands are:");
  for (const Command* const sub : subcommands) {
    reply.simple(upper(sub->name));
    reply.simple("    " + std::string(sub->summary));
  }
}

}  // namespace kvhost::resp
