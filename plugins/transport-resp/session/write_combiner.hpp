// Gathers the blind writes of a loop's turn, of all its connections, into batches: one call of the
// store, one wake-up of its thread and one of ours for many of them.
//
// Threads:   the I/O thread; completions come through its mailbox.
// Lifetime:  keys and values are borrowed until submit().
// Order:     writes are handed to the store in the order of add().
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "command/command.hpp"

namespace kvhost::resp {

class LoopServices;
class Session;
class CombinedWrite;

class WriteCombiner {
 public:
  WriteCombiner(LoopServices& loop, uint64_t store_session);
  ~WriteCombiner();

  // The reply goes to the session's slot.
  void add(Session& session, uint64_t slot, uint32_t space, const std::vector<kvh_op>& ops,
           DirectReply reply);
  void submit();
  // Answers the batches that the store carried out inside submit(). Not while a session is at work:
  // it may be one that is answered.
  void answer_finished();
  bool is_empty() const;

 private:
  friend class CombinedWrite;
  CombinedWrite& open(DirectReply reply);
  void recycle(std::unique_ptr<CombinedWrite> batch);

  LoopServices& loop_;
  const uint64_t store_session_;
  std::unique_ptr<CombinedWrite> open_;
  std::vector<CombinedWrite*> finished_;
  std::vector<std::unique_ptr<CombinedWrite>> spare_;
};

}  // namespace kvhost::resp
