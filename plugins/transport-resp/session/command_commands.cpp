// COMMAND: the table of commands, told to clients.
#include <algorithm>
#include <string>
#include <vector>

#include "command/reading.hpp"
#include "command/table.hpp"
#include "session/session.hpp"
#include "session/session_handlers.hpp"
#include "wire/glob.hpp"

namespace kvhost::resp {

namespace {

struct FlagName {
  uint32_t flag;
  std::string_view name;
};
constexpr FlagName kFlagNames[] = {
    {kWrite, "write"},         {kReadonly, "readonly"},        {kDenyOom, "denyoom"},
    {kAdmin, "admin"},         {kNoScript, "noscript"},        {kLoading, "loading"},
    {kStale, "stale"},         {kSkipMonitor, "skip_monitor"}, {kSkipSlowlog, "skip_slowlog"},
    {kFast, "fast"},           {kNoAuth, "no_auth"},           {kNoMulti, "no_multi"},
    {kAllowBusy, "allow_busy"}};

std::vector<std::string_view> flag_names(const Command& command) {
  std::vector<std::string_view> names;
  for (const auto& [flag, name] : kFlagNames) {
    if (command.has(flag)) names.push_back(name);
  }
  return names;
}

std::vector<std::string_view> categories(const Command& command) {
  const FlagName all[] = {{kKeyspace, "@keyspace"},
                          {kReadonly, "@read"},
                          {kWrite, "@write"},
                          {kString, "@string"},
                          {kBitmap, "@bitmap"},
                          {kAdmin | kAdminCategory, "@admin"},
                          {kFast, "@fast"},
                          {0, "@slow"},
                          {kDangerous | kAdmin, "@dangerous"},
                          {kConnection, "@connection"},
                          {kInTransactions, "@transaction"},
                          {kScripting, "@scripting"}};
  std::vector<std::string_view> names;
  for (const auto& [flag, name] : all) {
    const bool has = flag == 0 ? !command.has(kFast) : command.has(flag);
    if (has) names.push_back(name);
  }
  return names;
}

std::vector<std::string_view> split(std::string_view text, char at) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    const std::size_t end = text.find(at);
    parts.push_back(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return parts;
}

void write_names(const std::vector<std::string_view>& names, ReplyWriter& reply) {
  reply.set(names.size());
  for (const auto name : names) reply.simple(name);
}

// Where one group of keys is: begins at a word, and goes on from there.
void write_key_spec(const Command& command, std::string_view flags, std::size_t number,
                    std::size_t count, ReplyWriter& reply) {
  const int begin = command.first_key + static_cast<int>(number);
  const bool is_last = number + 1 == count;
  int last = command.last_key < 0 ? command.last_key : command.last_key - command.first_key;
  if (count > 1) last = is_last && command.last_key < 0 ? command.last_key : 0;
  reply.map(command.key_notes.empty() ? 3 : 4);
  if (!command.key_notes.empty()) {
    reply.bulk("notes");
    reply.bulk(command.key_notes);
  }
  reply.bulk("flags");
  write_names(split(flags, ' '), reply);
  reply.bulk("begin_search");
  reply.map(2);
  reply.bulk("type");
  reply.bulk("index");
  reply.bulk("spec");
  reply.map(1);
  reply.bulk("index");
  reply.integer(begin);
  reply.bulk("find_keys");
  reply.map(2);
  reply.bulk("type");
  reply.bulk("range");
  reply.bulk("spec");
  reply.map(3);
  reply.bulk("lastkey");
  reply.integer(last);
  reply.bulk("keystep");
  reply.integer(command.key_step);
  reply.bulk("limit");
  reply.integer(0);
}

void write_info(const Command& command, ReplyWriter& reply) {
  reply.array(10);
  reply.bulk(command.full_name);
  reply.integer(command.arity);
  write_names(flag_names(command), reply);
  reply.integer(command.first_key);
  reply.integer(command.last_key);
  reply.integer(command.key_step);
  write_names(categories(command), reply);
  const auto tips = split(command.tips, ' ');
  reply.set(tips.size());
  for (const auto tip : tips) reply.bulk(tip);
  const auto specs = split(command.key_flags, '|');
  reply.set(specs.size());
  for (std::size_t i = 0; i < specs.size(); ++i) {
    write_key_spec(command, specs[i], i, specs.size(), reply);
  }
  const auto subcommands = subcommands_of(command);
  if (subcommands.empty()) return reply.set(0);
  reply.array(subcommands.size());
  for (const Command* const sub : subcommands) write_info(*sub, reply);
}

void write_docs(const Command& command, ReplyWriter& reply) {
  const auto subcommands = subcommands_of(command);
  const auto pairs = std::vector<std::pair<std::string_view, std::string_view>>{
      {"summary", command.summary},
      {"since", command.since},
      {"group", command.group},
      {"complexity", command.complexity}};
  const auto is_told = [](const auto& pair) { return !pair.second.empty(); };
  const auto count = static_cast<std::size_t>(std::count_if(pairs.begin(), pairs.end(), is_told));
  reply.bulk(command.full_name);
  reply.map(count + (subcommands.empty() ? 0 : 1));
  for (const auto& pair : pairs) {
    if (!is_told(pair)) continue;
    reply.bulk(pair.first);
    reply.bulk(pair.second);
  }
  if (subcommands.empty()) return;
  reply.bulk("subcommands");
  reply.map(subcommands.size());
  for (const Command* const sub : subcommands) write_docs(*sub, reply);
}

}  // namespace

void session_command(Session&, Arguments, ReplyWriter& reply) {
  reply.array(top_commands().size());
  for (const Command* const command : top_commands()) write_info(*command, reply);
}

void session_command_count(Session&, Arguments, ReplyWriter& reply) {
  reply.integer(static_cast<int64_t>(top_commands().size()));
}

void session_command_info(Session& session, Arguments words, ReplyWriter& reply) {
  if (words.size() == 2) return session_command(session, words, reply);
  reply.array(words.size() - 2);
  for (const auto name : words.subspan(2)) {
    const Command* const command = find_full_name(name);
    if (command == nullptr) {
      reply.null();
    } else {
      write_info(*command, reply);
    }
  }
}

void session_command_docs(Session&, Arguments words, ReplyWriter& reply) {
  std::vector<const Command*> wanted(top_commands().begin(), top_commands().end());
  if (words.size() > 2) {
    wanted.clear();
    for (const auto name : words.subspan(2)) {
      if (const Command* const command = find_full_name(name)) wanted.push_back(command);
    }
  }
  reply.map(wanted.size());
  for (const Command* const command : wanted) write_docs(*command, reply);
}

void session_command_getkeys(Session&, Arguments words, ReplyWriter& reply) {
  const Arguments asked = words.subspan(2);
  const Command* command = find_command(asked[0]);
  if (command != nullptr && asked.size() >= 2 && !subcommands_of(*command).empty()) {
    command = find_subcommand(*command, asked[1]);
  }
  if (command == nullptr) return reply.error("ERR Invalid command specified");
  if (command->first_key == 0) return reply.error("ERR The command has no key arguments");
  if (!has_arity(*command, asked.size())) {
    return reply.error("ERR Invalid number of arguments specified for command");
  }
  const auto places = key_places(*command, asked.size());
  reply.array(places.size());
  for (const std::size_t place : places) reply.bulk(asked[place]);
}

namespace {

std::string_view without_at(std::string_view category) { return category.substr(1); }

// Which commands COMMAND LIST FILTERBY tells.
bool passes(const Command& command, std::string_view filter, std::string_view value) {
  if (is_word(filter, "pattern")) return glob_matches(value, command.full_name, true);
  if (is_word(filter, "module")) return false;
  const auto names = categories(command);
  return std::any_of(names.begin(), names.end(),
                     [&](std::string_view name) { return is_word(without_at(name), value); });
}

}  // namespace

void session_command_list(Session&, Arguments words, ReplyWriter& reply) {
  const bool is_filtered =
      words.size() == 5 && is_word(words[2], "filterby") &&
      (is_word(words[3], "module") || is_word(words[3], "aclcat") || is_word(words[3], "pattern"));
  if (words.size() != 2 && !is_filtered) return reply.error(kSyntaxError);
  std::vector<const Command*> told;
  for (const Command* const command : all_commands()) {
    if (!is_filtered || passes(*command, words[3], words[4])) told.push_back(command);
  }
  reply.array(told.size());
  for (const Command* const command : told) reply.bulk(command->full_name);
}

}  // namespace kvhost::resp
