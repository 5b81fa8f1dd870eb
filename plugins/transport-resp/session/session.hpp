// One client's side of the protocol, without a socket: bytes go in, replies come out in order.
//
// Threads:   one, its loop's.
// Lifetime:  must live while in_flight() is not 0: commands under way come back to it.
// Errors:    replies have them; a protocol error is the last reply.
// Limits:    no command is taken while too many are under way or too many bytes of replies wait;
//            then the caller stops reading and TCP slows the client down.
// Format:    docs/protocols/resp.md
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "command/command.hpp"
#include "session/conflicts.hpp"
#include "session/loop_services.hpp"
#include "session/slot_ring.hpp"
#include "wire/request_parser.hpp"

namespace kvhost::resp {

class Session {
 public:
  // `store_session` is open in the store, and stays the caller's.
  Session(LoopServices& loop, std::shared_ptr<Client> client, uint64_t store_session);
  virtual ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // ---- input
  std::span<char> input_room() { return parser_.input_room(); }
  void received(std::size_t bytes);
  bool wants_input() const;
  // No byte will come any more.
  void input_ended() { is_input_over_ = true; }
  // Carries out what has arrived, as far as it may now.
  void work();
  // Something has arrived that was not carried out for want of room, and now there is room.
  bool has_work() const;

  // ---- output
  std::string& output() { return output_; }
  // Bytes that were taken from output() and are not sent.
  void set_unsent(std::size_t bytes) { unsent_bytes_ = bytes; }
  // Says what is wrong before anything was asked, and ends.
  void refuse(std::string_view error);
  void drain() { is_draining_ = true; }

  // ---- ends
  std::size_t in_flight() const { return in_flight_; }
  // It will be looked at in this turn of its loop; true when it was not listed for that.
  bool list() { return !std::exchange(is_listed_, true); }
  void unlist() { is_listed_ = false; }
  // Nothing more will be said but what is in output().
  bool is_over() const;
  // Replies that cannot be sent: the client is too slow.
  bool is_over_output_limit() const;
  // Gives memory back while the client is quiet.
  void trim();
  // What CLIENT LIST shows of the input; the command at work counts while it is.
  void tell_buffers(bool is_at_work);

  // ---- for commands
  LoopServices& loop() { return loop_; }
  Server& server() { return loop_.server; }
  Client& client() { return *client_; }
  const std::shared_ptr<Client>& client_ref() const { return client_; }
  uint64_t store_session() const { return store_session_; }
  int protocol() const { return protocol_; }
  void set_protocol(int protocol);
  uint32_t database() const { return database_; }
  void select(uint32_t database);
  void close_after_reply() { is_closing_ = true; }
  void reset();
  enum class ReplyMode : uint8_t { kOn, kOff, kSkip };
  void set_reply_mode(ReplyMode mode);
  bool is_authenticated() const { return true; }
  // Turns the connection into a listener to every command.
  void start_monitor();
  // Text that is no reply to a command.
  void push(std::string_view bytes);

  // ---- for commands under way
  uint64_t open_slot(const Command& command, Touch touch);
  void complete(uint64_t slot, std::string_view reply);
  // The beginning of a reply that complete() ends.
  void append_part(uint64_t slot, std::string_view part);
  // More of a reply that comes in parts may be made: it is its turn, and the client takes it.
  bool has_room_for(uint64_t slot) const;
  // go_on() is called when there may be room.
  void stall(GetFlight& flight) { stalled_.push_back(&flight); }
  // For SLOWLOG: words of a command under way, which is told when it is done and was slow.
  bool is_slow(uint64_t duration_ns) const;
  void keep_words(uint64_t slot, Arguments words);
  // The reply of a command that never was under way.
  void answer(const Command& command, std::string_view reply);
  Conflicts& conflicts() { return conflicts_; }
  // What ends a command that nobody but a timer would; empty for none.
  void on_abandon(std::function<void()> abandon) { abandon_ = std::move(abandon); }
  // The client is gone.
  bool is_abandoned() const { return is_abandoned_; }
  void abandon() {
    is_closing_ = is_abandoned_ = true;
    if (abandon_) std::exchange(abandon_, nullptr)();
  }

  struct Watched {
    uint32_t space = 0;
    std::string key;
    uint64_t version = 0;
  };
  void watch(Watched watched) { watched_.push_back(std::move(watched)); }

 private:
  static constexpr std::size_t kFirstGets = 4;

  struct Slot {
    std::string reply;
    const Command* command = nullptr;
    uint64_t started_ns = 0;
    std::unique_ptr<std::vector<std::string>> words;  // for SLOWLOG
    Touch touch;
    bool is_ready = false;
    bool is_silent = false;

    void recycle();
  };
  struct Queued {
    const Command* command = nullptr;
    std::vector<std::string> words;
  };

  bool may_take() const;
  uint64_t soft_output_bytes() const;
  // False: it has to wait.
  bool take(Arguments words);
  bool carry_out(const Command& command, Arguments words);
  bool may_join(const Command& command, Arguments words) const;
  void read_gets();
  void go_on_with_stalled();
  bool run_direct(const Command& command, Arguments words, Touch touch);
  bool run_transaction(const Command& command, Arguments words);
  void queue(const Command& command, Arguments words);
  void end_transaction();
  void exec(const Command& command);
  const Command* look_up(Arguments words);
  void protocol_error();
  // A reply that is ready now.
  void refuse_command(std::string_view error);
  bool next_is_silent();
  void drain_slots();
  void tell_monitors(const Command& command, Arguments words);
  void note_duration(const Command& command, Arguments words, uint64_t duration_ns);
  void note_slow(std::vector<std::string> words, uint64_t duration_ns);
  Touch touch_of(const Command& command, Arguments words) const;

  LoopServices& loop_;
  const std::shared_ptr<Client> client_;
  const uint64_t store_session_;
  RequestParser parser_;
  std::string output_;
  std::string scratch_;

  SlotRing<Slot> slots_;
  uint64_t first_slot_ = 0;
  std::size_t in_flight_ = 0;
  std::size_t unsent_bytes_ = 0;
  std::size_t waiting_bytes_ = 0;  // of replies that wait for earlier ones
  Conflicts conflicts_;
  std::vector<kvh_op> ops_;
  // GETs that were taken and not read yet, borrowed from the input: never from one work() to the
  // next, and never past a command that is none.
  std::vector<std::string_view> gets_;
  std::vector<std::string_view> reading_;
  std::size_t max_gets_ = kFirstGets;
  std::vector<GetFlight*> stalled_;

  int protocol_ = 2;
  uint32_t database_ = 0;
  ReplyMode reply_mode_ = ReplyMode::kOn;
  bool skips_next_ = false;
  bool has_command_ = false;   // one that has to wait is in the parser
  bool is_held_back_ = false;  // input waits for room
  bool is_input_over_ = false;
  bool is_draining_ = false;
  bool is_closing_ = false;
  bool is_abandoned_ = false;
  bool is_monitor_ = false;
  bool is_listed_ = false;

  bool in_multi_ = false;
  bool is_multi_broken_ = false;
  std::size_t queued_bytes_ = 0;
  std::vector<Queued> queued_;
  std::vector<Watched> watched_;
  uint64_t counted_input_ = 0;
  std::function<void()> abandon_;
};

}  // namespace kvhost::resp
