#include "unit/leader_follower/sim_node.hpp"

#include <algorithm>
#include <functional>

namespace kvhost::leader_follower::testing {

void SimData::apply(const Entry& entry) {
  applied = entry.position();
  last_now_ms = std::max(last_now_ms, entry.now_ms());
  if (entry.kind() != EntryKind::kBatch) return;
  const auto body = entry.body();
  const auto equals = body.find('=');
  if (equals != std::string_view::npos) {
    values[std::string(body.substr(0, equals))] = std::string(body.substr(equals + 1));
  }
}

std::string SimData::digest() const {
  std::string text;
  for (const auto& [key, value] : values) text += key + "=" + value + ";";
  return text;
}

void SimDisk::carry_out(const JournalOp& op) {
  switch (op.kind) {
    case JournalOp::Kind::kAppend:
      for (const Entry& entry : op.entries) entries[entry.index] = entry;
      break;
    case JournalOp::Kind::kTruncateAfter:
      entries.erase(entries.upper_bound(op.index), entries.end());
      break;
    case JournalOp::Kind::kTruncateBefore:
      entries.erase(entries.begin(), entries.lower_bound(op.index));
      first = std::max(first, op.index);
      break;
    case JournalOp::Kind::kReset:
      entries.clear();
      first = op.index + 1;
      break;
    case JournalOp::Kind::kPutState:
      state = op.state;
      break;
  }
}

}  // namespace kvhost::leader_follower::testing
