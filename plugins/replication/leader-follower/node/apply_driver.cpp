#include "node/apply_driver.hpp"

#include <utility>

#include "kvhost/replication_wire.hpp"

namespace kvhost::leader_follower {
namespace {

constexpr std::size_t kMostAtOnce = 1024;

}  // namespace

void ApplyDriver::submit(uint64_t incarnation, std::vector<ApplyItem> items) {
  thread_.post(
      [this, incarnation, items = std::make_shared<std::vector<ApplyItem>>(std::move(items))] {
        apply(incarnation, *items);
      });
}

void ApplyDriver::apply(uint64_t incarnation, std::vector<ApplyItem>& items) {
  std::size_t at = 0;
  while (at < items.size() && !has_failed_) {
    std::vector<kvh_ordered_batch> batches;
    const Entry& first = items[at].entry;
    for (std::size_t i = at; i < items.size() && batches.size() < kMostAtOnce; ++i) {
      const Entry& entry = items[i].entry;
      if (entry.counter != first.counter) break;
      // What is no batch moves index and time alone.
      const auto body = entry.kind() == EntryKind::kBatch ? entry.body() : std::string_view();
      batches.push_back({entry.now_ms(), detail::to_bytes(body)});
    }
    const Position position{incarnation, first.counter, first.index};
    const Status status = machine_.apply(
        position, batches, [&](uint64_t offset, const Status& outcome, const kvh_result* result) {
          take_result(items[at + offset], outcome, result);
        });
    if (!status.is_ok()) {
      has_failed_ = true;
      callbacks_.on_failure(status.with_context("state machine"));
      break;
    }
    at += batches.size();
    callbacks_.on_applied(items[at - 1].entry.index);
  }
  if (!has_failed_) return;
  for (; at < items.size(); ++at) {
    if (!items[at].proposal) continue;
    take_result(items[at],
                Status(StatusCode::OUTCOME_UNKNOWN, "the node's state machine has failed"),
                nullptr);
  }
}

void ApplyDriver::take_result(ApplyItem& item, const Status& status, const kvh_result* result) {
  if (!item.proposal) return;
  const std::shared_ptr<Proposal> proposal = std::move(item.proposal);
  if (proposal->finished >= proposal->count) return;
  if (proposal->done) {
    proposal->done->result(item.offset, status, result);
  } else {
    proposal->outcomes.push_back(encode_outcome(status, result));
  }
  if (++proposal->finished < proposal->count) return;
  if (proposal->done) {
    // After a failure only what it left behind comes here.
    proposal->done->finish(has_failed_ ? status : Status());
  } else {
    callbacks_.on_outcomes(proposal);
  }
}

}  // namespace kvhost::leader_follower
