// A command, or a whole transaction, on its way: its keys are read, its handlers run over what was
// read, and what they changed is written under the condition that nobody else changed it; else it
// begins again.
//
//   wait for a turn per key (writers) → list databases (rarely) → read → run → write → reply
//
// Threads:   the I/O thread; between two steps the store has it.
// Lifetime:  by itself, from start to reply; recycled by its loop's sessions.
// Errors:    the reply has them. Past the node's request_timeout it gives up with TIMEOUT.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "command/command.hpp"
#include "command/key_view.hpp"
#include "session/owned_words.hpp"
#include "session/session.hpp"
#include "session/space_walk.hpp"

namespace kvhost::resp {

class KeyFlight final : public Task {
 public:
  // Carries out a command on keys.
  static void start(Session& session, const Command& command, Arguments words, Touch touch);
  // The same for a slot that is open already.
  static void start_in_slot(Session& session, uint64_t slot, const Command& command,
                            Arguments words, uint32_t space);
  struct Step {
    const Command* command = nullptr;
    OwnedWords words;
  };
  // Carries out EXEC.
  static void start_transaction(Session& session, const Command& exec, std::vector<Step> steps,
                                std::vector<Session::Watched> watched);

  void run() override;

 private:
  enum class State : uint8_t { kTurn, kList, kRead, kRun, kWrite, kDone };

  explicit KeyFlight(Session& session, const Command& command);

  // True when there is a reply; false while somebody else has it.
  bool advance();
  bool wait_for_turn();
  bool list();
  bool read();
  void run_handlers();
  void run_step(std::size_t index, ReplyWriter& reply);
  bool write();
  void after_write();
  void want_keys();
  void want_keys_of(const Command& command, Arguments words, uint32_t space);
  void finish();
  void fail(const Status& status);
  void detach();
  Arguments words_of(std::size_t index) const;

  static int32_t on_entries(void* ctx, const kvh_entry* entries, uint64_t count,
                            uint64_t stride) KVH_NOEXCEPT;
  static void on_result(void* ctx, const kvh_result* result) KVH_NOEXCEPT;
  static void on_done(void* ctx, int32_t code, const kvh_error* error) KVH_NOEXCEPT;

  Session& session_;
  const Command& command_;
  State state_ = State::kRead;
  uint32_t space_ = 0;
  int protocol_ = 2;
  uint64_t started_ns_ = 0;
  std::optional<uint64_t> slot_;
  std::string reply_;

  // A single command: its words are borrowed until detach().
  bool is_transaction_ = false;
  Arguments borrowed_;
  std::vector<Step> steps_;
  std::vector<Session::Watched> watched_;
  // The replies of steps that are carried out only once, and the database after them.
  struct Ran {
    std::string reply;
    uint32_t database;
  };
  std::vector<std::optional<Ran>> ran_;

  KeyView view_;
  std::vector<uint64_t> turns_;
  std::size_t turns_taken_ = 0;
  bool is_waiting_for_turn_ = false;

  std::set<uint32_t> listed_spaces_;
  std::set<uint32_t> spaces_to_list_;
  std::unique_ptr<SpaceWalk> walk_;
  std::vector<std::string> listed_;

  std::size_t next_item_ = 0;  // the first that is not read
  std::size_t reads_ = 0;
  bool is_reading_ = false;
  bool is_writing_ = false;
  std::vector<uint64_t> failed_;
  Status status_;
};

}  // namespace kvhost::resp
