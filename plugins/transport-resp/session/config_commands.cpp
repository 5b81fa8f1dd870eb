// CONFIG GET, SET and RESETSTAT: the settings that clients and test suites ask for.
#include <algorithm>
#include <limits>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "command/reading.hpp"
#include "session/session.hpp"
#include "session/session_handlers.hpp"
#include "wire/glob.hpp"

namespace kvhost::resp {

namespace {

// A number with a unit of memory: "64mb", "1gb", "100".
std::optional<uint64_t> parse_memory(std::string_view text) {
  std::size_t digits = 0;
  while (digits < text.size() && text[digits] >= '0' && text[digits] <= '9') ++digits;
  const auto number = parse_unsigned(text.substr(0, digits));
  if (!number) return std::nullopt;
  const std::string unit = lower(text.substr(digits));
  static const std::map<std::string, uint64_t> units = {
      {"", 1},          {"b", 1},        {"k", 1000},          {"kb", 1024},
      {"m", 1'000'000}, {"mb", 1 << 20}, {"g", 1'000'000'000}, {"gb", 1 << 30}};
  const auto found = units.find(unit);
  if (found == units.end() || *number > std::numeric_limits<int64_t>::max() / found->second) {
    return std::nullopt;
  }
  return *number * found->second;
}

// One setting: how it reads, and how it changes where it can. `set` answers the complaint.
struct Setting {
  std::string_view name;
  std::string (*get)(const Server&);
  std::string (*set)(Server&, std::string_view);
};

constexpr std::string_view kNotInteger = "argument couldn't be parsed into an integer";
constexpr std::string_view kNotMemory = "argument must be a memory value";

std::string set_within(std::string_view text, int64_t low, int64_t high, int64_t& value) {
  const auto number = parse_integer(text);
  if (!number) return std::string(kNotInteger);
  if (*number < low || *number > high) {
    return "argument must be between " + std::to_string(low) + " and " + std::to_string(high) +
           " inclusive";
  }
  value = *number;
  return {};
}

template <typename Field>
std::string set_number(Field& field, std::string_view text, int64_t low, int64_t high,
                       int64_t unit = 1) {
  int64_t value = 0;
  std::string complaint = set_within(text, low, high, value);
  if (complaint.empty()) field = static_cast<typename Field::value_type>(value * unit);
  return complaint;
}

#define KVHOST_FIXED(name, value)                                   \
  {                                                                 \
    name, [](const Server&) { return std::string(value); }, nullptr \
  }
// A setting that means nothing here, and only tells what it was set to.
#define KVHOST_KEPT(name, value)                                                   \
  {                                                                                \
    name, [](const Server& server) { return server.remembered.get(name, value); }, \
        [](Server& server, std::string_view text) {                                \
          server.remembered.set(name, text);                                       \
          return std::string();                                                    \
        }                                                                          \
  }

constexpr int64_t kMaxInt = std::numeric_limits<int32_t>::max();
constexpr int64_t kMaxLong = std::numeric_limits<int64_t>::max();

const Setting kSettings[] = {
    KVHOST_KEPT("activerehashing", "yes"),
    KVHOST_FIXED("aclfile", ""),
    KVHOST_KEPT("appendfsync", "everysec"),
    KVHOST_FIXED("appendonly", "no"),
    KVHOST_FIXED("bind", "127.0.0.1"),
    {"client-output-buffer-limit",
     [](const Server& server) {
       return "normal " + std::to_string(server.settings.output_limit) +
              " 0 0 slave 0 0 0 pubsub 0 0 0";
     },
     nullptr},
    {"client-query-buffer-limit",
     [](const Server& server) { return std::to_string(server.max_request_bytes()); }, nullptr},
    KVHOST_FIXED("cluster-enabled", "no"),
    KVHOST_FIXED("daemonize", "no"),
    KVHOST_FIXED("databases", "16"),
    {"dir", [](const Server& server) { return server.node.data_dir; }, nullptr},
    {"enable-debug-command",
     [](const Server& server) { return std::string(server.has_debug ? "yes" : "no"); }, nullptr},
    KVHOST_KEPT("hash-max-listpack-entries", "512"),
    KVHOST_KEPT("hash-max-listpack-value", "64"),
    KVHOST_KEPT("hz", "10"),
    KVHOST_KEPT("latency-tracking", "no"),
    KVHOST_KEPT("lazyfree-lazy-user-del", "no"),
    KVHOST_KEPT("list-compress-depth", "0"),
    KVHOST_KEPT("list-max-listpack-size", "-2"),
    {"maxclients", [](const Server& server) { return std::to_string(server.settings.max_clients); },
     [](Server& server, std::string_view text) {
       return set_number(server.settings.max_clients, text, 1, 1'000'000);
     }},
    KVHOST_FIXED("maxmemory", "0"),
    KVHOST_KEPT("maxmemory-policy", "noeviction"),
    KVHOST_FIXED("notify-keyspace-events", ""),
    {"port", [](const Server& server) { return std::to_string(server.port); }, nullptr},
    {"proto-max-bulk-len",
     [](const Server& server) { return std::to_string(server.settings.max_bulk_bytes); },
     [](Server& server, std::string_view text) -> std::string {
       const auto bytes = parse_memory(text);
       if (!bytes) return std::string(kNotMemory);
       if (*bytes < (1 << 20) || *bytes > server.node.max_value_bytes) {
         return "argument must be between 1048576 and " +
                std::to_string(server.node.max_value_bytes) + " inclusive";
       }
       server.settings.max_bulk_bytes = *bytes;
       return {};
     }},
    KVHOST_FIXED("protected-mode", "yes"),
    KVHOST_FIXED("requirepass", ""),
    KVHOST_FIXED("save", ""),
    KVHOST_KEPT("set-max-intset-entries", "512"),
    KVHOST_KEPT("set-max-listpack-entries", "128"),
    KVHOST_KEPT("set-max-listpack-value", "64"),
    {"slowlog-log-slower-than",
     [](const Server& server) { return std::to_string(server.settings.slowlog_us); },
     [](Server& server, std::string_view text) {
       return set_number(server.settings.slowlog_us, text, -1, kMaxLong);
     }},
    {"slowlog-max-len",
     [](const Server& server) { return std::to_string(server.settings.slowlog_length); },
     [](Server& server, std::string_view text) {
       return set_number(server.settings.slowlog_length, text, 0, kMaxLong);
     }},
    KVHOST_KEPT("tcp-keepalive", "300"),
    {"timeout",
     [](const Server& server) {
       return std::to_string(server.settings.idle_timeout_ns / 1'000'000'000);
     },
     [](Server& server, std::string_view text) {
       return set_number(server.settings.idle_timeout_ns, text, 0, kMaxInt, 1'000'000'000);
     }},
    KVHOST_KEPT("zset-max-listpack-entries", "128"),
    KVHOST_KEPT("zset-max-listpack-value", "64"),
};

#undef KVHOST_FIXED
#undef KVHOST_KEPT

const Setting* find_setting(std::string_view name) {
  for (const Setting& setting : kSettings) {
    if (is_word(name, setting.name)) return &setting;
  }
  return nullptr;
}

}  // namespace

void session_config_get(Session& session, Arguments words, ReplyWriter& reply) {
  std::vector<const Setting*> found;
  for (const Setting& setting : kSettings) {
    const bool matches = std::any_of(words.begin() + 2, words.end(), [&](std::string_view pattern) {
      return glob_matches(pattern, setting.name, true);
    });
    if (matches) found.push_back(&setting);
  }
  reply.map(found.size());
  for (const Setting* const setting : found) {
    reply.bulk(setting->name);
    reply.bulk(setting->get(session.server()));
  }
}

void session_config_set(Session& session, Arguments words, ReplyWriter& reply) {
  if (words.size() % 2 == 1) return reply.error(kSyntaxError);
  for (std::size_t i = 2; i < words.size(); i += 2) {
    const Setting* const setting = find_setting(words[i]);
    if (setting == nullptr) {
      return reply.error("ERR Unknown option or number of arguments for CONFIG SET - '" +
                         std::string(words[i]) + "'");
    }
    for (std::size_t j = 2; j < i; j += 2) {
      if (is_word(words[i], words[j])) {
        return reply.error("ERR CONFIG SET failed (possibly related to argument '" +
                           std::string(words[i]) + "') - duplicate parameter");
      }
    }
    if (setting->set == nullptr && setting->get(session.server()) != words[i + 1]) {
      return reply.error("ERR CONFIG SET failed (possibly related to argument '" +
                         std::string(words[i]) + "') - can't set immutable config");
    }
  }
  std::vector<std::pair<const Setting*, std::string>> before;
  for (std::size_t i = 2; i < words.size(); i += 2) {
    const Setting* const setting = find_setting(words[i]);
    if (setting->set == nullptr) continue;
    before.emplace_back(setting, setting->get(session.server()));
    const std::string complaint = setting->set(session.server(), words[i + 1]);
    if (complaint.empty()) continue;
    for (const auto& [changed, value] : before) changed->set(session.server(), value);
    return reply.error("ERR CONFIG SET failed (possibly related to argument '" +
                       std::string(words[i]) + "') - " + complaint);
  }
  reply.ok();
}

void session_config_resetstat(Session& session, Arguments, ReplyWriter& reply) {
  ServerCounters& counters = session.server().counters;
  for (auto* counter : {&counters.connections, &counters.refused_connections, &counters.commands,
                        &counters.errors, &counters.input_bytes, &counters.output_bytes,
                        &counters.hits, &counters.misses, &counters.retries}) {
    counter->store(0);
  }
  for (auto& calls : session.server().calls) calls.store(0);
  reply.ok();
}

}  // namespace kvhost::resp
