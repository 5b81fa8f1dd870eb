// Commands that look at whole databases: KEYS, SCAN, DBSIZE, RANDOMKEY and INFO.
//
// Threads:   the I/O thread.
// Cost:      DBSIZE and KEYS read every key; RANDOMKEY three; SCAN a page; INFO counts up to a
// limit.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "command/key_view.hpp"
#include "session/session.hpp"
#include "session/space_walk.hpp"

namespace kvhost::resp {

// What one such command wants to see, and what it makes of it.
class Listing {
 public:
  virtual ~Listing() = default;
  // The next part to walk; nothing when it has seen enough.
  virtual std::optional<SpaceWalk::Range> next_range() = 0;
  virtual uint64_t page_rows() const { return 4096; }
  // False: no more of this range.
  virtual bool on_page(const std::vector<SpaceWalk::Row>& rows) = 0;
  virtual void reply(ReplyWriter& reply) = 0;
};

// Null after a complaint.
std::unique_ptr<Listing> make_listing(Session& session, const Command& command, Arguments words,
                                      uint32_t space, ReplyWriter& reply);

// Carries such a command out by itself.
void start_listing(Session& session, const Command& command, Arguments words);

// Inside of a transaction: which databases have to be listed, and the reply from what was.
void note_listed_spaces(const Command& command, uint32_t space, std::set<uint32_t>& spaces);
void reply_from_view(Session& session, const Command& command, Arguments words, const KeyView& view,
                     ReplyWriter& reply);

}  // namespace kvhost::resp
