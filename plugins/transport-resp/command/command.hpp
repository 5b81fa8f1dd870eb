// What a command is: its name, how many arguments, which of them are keys, and who carries it out.
//
// Threads:   values; the table is constant.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kvhost/abi/store.h"
#include "wire/reply_writer.hpp"

namespace kvhost::resp {

class KeyView;
class Session;

// The command's words, its name first.
using Arguments = std::span<const std::string_view>;

// Works on keys that were read ahead; says its reply, and leaves its changes in the view.
using KeyHandler = void (*)(Arguments, KeyView&, ReplyWriter&);
// Works on the connection or the server, at once.
using SessionHandler = void (*)(Session&, Arguments, ReplyWriter&);

// How the outcome of one blind write is told.
enum class DirectReply : uint8_t { kOk, kExisted, kNumber, kInserted };
// Appends the operations of a command that needs no look at the old value; false where it does, or
// where a word is wrong: then the KeyHandler has the words for it.
using DirectHandler = bool (*)(Arguments, std::vector<kvh_op>&, DirectReply&);

// What else a command needs than its handler.
enum class Way : uint8_t {
  kKeys,         // a KeyView of its keys
  kSession,      // nothing: a SessionHandler
  kListing,      // walks a whole database
  kTransaction,  // EXEC, WATCH: the session's own
  kTimed,        // DEBUG SLEEP, WAIT: answers later
};

enum CommandFlag : uint32_t {
  kWrite = 1u << 0,
  kReadonly = 1u << 1,
  kDenyOom = 1u << 2,
  kAdmin = 1u << 3,
  kNoScript = 1u << 4,
  kLoading = 1u << 5,
  kStale = 1u << 6,
  kSkipMonitor = 1u << 7,
  kSkipSlowlog = 1u << 8,
  kFast = 1u << 9,
  kNoAuth = 1u << 10,
  kNoMulti = 1u << 11,
  kAllowBusy = 1u << 12,
  // Only seen as categories.
  kKeyspace = 1u << 16,
  kString = 1u << 17,
  kBitmap = 1u << 18,
  kDangerous = 1u << 19,
  kConnection = 1u << 20,
  kInTransactions = 1u << 21,
  kScripting = 1u << 22,
  kAdminCategory = 1u << 23,
};

struct Command {
  std::string_view name{};
  int arity = 0;  // with the name; negative: at least
  uint32_t flags = 0;
  Way way = Way::kKeys;
  KeyHandler run = nullptr;
  DirectHandler direct = nullptr;
  SessionHandler session = nullptr;
  int first_key = 0;
  int last_key = 0;  // negative: counted from the end
  int key_step = 0;
  std::string_view key_flags{};  // of each key specification, separated by '|'
  std::string_view key_notes{};
  std::string_view tips{};
  std::string_view group{};
  std::string_view since{};
  std::string_view complexity{};
  std::string_view summary{};
  std::span<const Command> subcommands{};
  uint32_t index = 0;  // among all commands and subcommands; set by the table
  std::string_view full_name{};

  bool has(uint32_t flag) const { return (flags & flag) != 0; }
  bool is_write() const { return has(kWrite); }
};

// The places of a command's keys among its words.
std::vector<std::size_t> key_places(const Command& command, std::size_t words);
bool has_arity(const Command& command, std::size_t words);

}  // namespace kvhost::resp
