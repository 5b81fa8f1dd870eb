// GETs of a pipeline that stand side by side, read in one call of the store; nearly always memory
// has their values, and they are answered at once.
//
//   read all → answer; what is too much for the client now waits, and is read key by key
//
// Threads:   the I/O thread; between two steps the store has it.
// Lifetime:  by itself, from start to reply; recycled by its loop.
// Errors:    the replies have them.
// Limits:    holds replies of kMaxJoinedBytes and one value.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kvhost/abi/store.h"
#include "kvhost/status.hpp"
#include "session/mailbox.hpp"
#include "session/owned_words.hpp"

namespace kvhost::resp {

class Session;

class GetFlight final : public Task {
 public:
  // The keys are borrowed until this returns. Answers how many bytes of replies there were at once.
  static std::size_t start(Session& session, std::span<const std::string_view> keys);

  void run() override;
  // The session may have room for more, or nobody reads any more.
  void go_on();

 private:
  friend class GetFlights;
  void begin(Session& session, std::size_t keys);
  int32_t read(std::span<const std::string_view> keys);
  // What a read came to: its values are in reply_, or what is wrong with those that it was for.
  void after_read(const Status& status);
  void wait_in_slot(std::span<const std::string_view> keys);
  void finish();

  static int32_t on_entries(void* ctx, const kvh_entry* entries, uint64_t count,
                            uint64_t stride) KVH_NOEXCEPT;
  static void on_done(void* ctx, int32_t code, const kvh_error* error) KVH_NOEXCEPT;

  Session* session_ = nullptr;
  int protocol_ = 2;
  uint32_t space_ = 0;
  uint64_t started_ns_ = 0;
  std::optional<uint64_t> slot_;
  OwnedWords keys_;  // when they are not answered at once
  std::size_t total_ = 0;
  std::size_t asked_ = 0;     // by the read under way
  std::size_t answered_ = 0;  // in reply_ or already with the session
  std::string reply_;
  Status status_;
  std::vector<kvh_bytes> views_;
};

// Those of a loop that wait for their next use.
class GetFlights {
 public:
  GetFlights();
  ~GetFlights();
  std::unique_ptr<GetFlight> take();
  void recycle(std::unique_ptr<GetFlight> flight);

 private:
  std::vector<std::unique_ptr<GetFlight>> spare_;
};

}  // namespace kvhost::resp
