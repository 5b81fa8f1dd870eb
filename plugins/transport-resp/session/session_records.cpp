// What others see of a session's commands: MONITOR and SLOWLOG.
#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "session/session.hpp"
#include "session/session_handlers.hpp"
#include "wire/quoting.hpp"

namespace kvhost::resp {

namespace {

constexpr std::size_t kMaxMonitorWords = 1 << 20;
constexpr std::string_view kRedacted = "(redacted)";

// The words as strangers may see them: without names and passwords.
std::vector<std::string_view> without_secrets(const Command& command, Arguments words) {
  std::vector<std::string_view> shown(words.begin(), words.end());
  std::size_t first = shown.size();
  std::size_t last = shown.size();
  if (command.session == &session_auth) {
    first = 1;
  } else if (command.session == &session_hello) {
    for (std::size_t i = 2; i < shown.size() && first == last; ++i) {
      if (equal_ignoring_case(shown[i], "auth")) first = i + 1;
    }
    last = std::min(last, first + 2);
  }
  for (std::size_t i = first; i < last; ++i) shown[i] = kRedacted;
  return shown;
}

}  // namespace

void Session::start_monitor() {
  if (std::exchange(is_monitor_, true)) return;
  client_->is_monitor = true;
  server().monitors.add(client_->id,
                        [this, &mailbox = loop_.mailbox,
                         alive = std::weak_ptr<Client>(client_)](std::string_view line) {
                          mailbox.post([this, alive, text = std::string(line)] {
                            const auto client = alive.lock();
                            if (client && !client->is_closing) push(text);
                          });
                        });
}

void Session::tell_monitors(const Command& command, Arguments words) {
  if (command.has(kAdmin)) return;
  const uint64_t now_us = unix_us();
  std::string line = "+" + std::to_string(now_us / 1'000'000) + ".";
  const std::string fraction = std::to_string(now_us % 1'000'000);
  line.append(6 - fraction.size(), '0').append(fraction);
  line.append(" [")
      .append(std::to_string(database_))
      .append(" ")
      .append(client_->address)
      .append("]");
  for (const auto word : without_secrets(command, words)) {
    line.push_back(' ');
    append_quoted(line, word.substr(0, kMaxMonitorWords));
  }
  line.append("\r\n");
  server().monitors.tell(line);
}

bool Session::is_slow(uint64_t duration_ns) const {
  const int64_t limit_us = loop_.server.settings.slowlog_us.load(std::memory_order_relaxed);
  return limit_us >= 0 && duration_ns / 1000 >= static_cast<uint64_t>(limit_us);
}

void Session::note_duration(const Command& command, Arguments words, uint64_t duration_ns) {
  if (!is_slow(duration_ns) || command.has(kSkipSlowlog)) return;
  note_slow(SlowLog::shortened(without_secrets(command, words)), duration_ns);
}

void Session::keep_words(uint64_t slot, Arguments words) {
  Slot& kept = slots_[slot - first_slot_];
  if (kept.words || kept.command->has(kSkipSlowlog)) return;
  kept.words = std::make_unique<std::vector<std::string>>(
      SlowLog::shortened(without_secrets(*kept.command, words)));
}

void Session::note_slow(std::vector<std::string> words, uint64_t duration_ns) {
  if (!is_slow(duration_ns)) return;
  server().slow_log.add({0, unix_ms() / 1000, duration_ns / 1000, std::move(words),
                         client_->address, client_->names().name},
                        server().settings.slowlog_length);
}

}  // namespace kvhost::resp
