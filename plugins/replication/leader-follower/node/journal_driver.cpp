#include "node/journal_driver.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace kvhost::leader_follower {
namespace {

constexpr const char* kStateName = "state";
// The journal's indexes go on when the log begins anew: by so much they are ahead of the log's.
constexpr const char* kOffsetName = "offset";
constexpr uint64_t kFullPause = 100 * kMillisecond;
constexpr uint64_t kRecoverBytes = uint64_t{4} << 20;

Result<int64_t> stored_offset(const Journal& journal) {
  KVHOST_TRY_ASSIGN(const auto text, journal.get_meta(kOffsetName));
  int64_t offset = 0;
  if (text) std::from_chars(text->data(), text->data() + text->size(), offset);
  return offset;
}

}  // namespace

JournalDriver::JournalDriver(Journal& journal, Callbacks callbacks)
    : journal_(journal), callbacks_(std::move(callbacks)) {
  offset_ = stored_offset(journal_).value_or(int64_t{0});
}

Result<JournalDriver::Found> JournalDriver::recover(Journal& journal) {
  Found found;
  KVHOST_TRY_ASSIGN(auto state, journal.get_meta(kStateName));
  if (!state) return found;
  found.state = std::move(*state);
  KVHOST_TRY_ASSIGN(const int64_t offset, stored_offset(journal));
  const Journal::Bounds bounds = journal.opened();
  Status damage;
  for (uint64_t next = bounds.first; next <= bounds.last && damage.is_ok();) {
    const uint64_t before = next;
    KVHOST_TRY(journal.read(next, kRecoverBytes, [&](const JournalEntryView& view) {
      next = view.index + 1;
      if (const Status whole = check_payload(view.payload); !whole && damage.is_ok()) {
        damage = Status(StatusCode::CORRUPTION,
                        "journal entry " + std::to_string(view.index) + ": " + whole.message());
      }
      if (!damage.is_ok() || static_cast<int64_t>(view.index) <= offset) return;
      found.entries.push_back({static_cast<uint64_t>(static_cast<int64_t>(view.index) - offset),
                               view.term, Slice::of(std::string(view.payload))});
    }));
    if (next == before) break;
  }
  KVHOST_TRY(damage);
  return found;
}

Status JournalDriver::store_state(Journal& journal, const HardState& state) {
  return journal.put_meta(kStateName, state.encode());
}

void JournalDriver::submit(JournalOp op) {
  bool is_direct = false;
  {
    const std::lock_guard lock(mutex_);
    if (has_failed_) return;
    is_direct = op.kind == JournalOp::Kind::kAppend && queued_ == 0 && !is_retrying_;
    if (!is_direct) ++queued_;
  }
  if (is_direct) return append(std::move(op));
  thread_.post([this, op = std::make_shared<JournalOp>(std::move(op))] {
    run(std::move(*op));
    const std::lock_guard lock(mutex_);
    --queued_;
  });
}

void JournalDriver::run(JournalOp op) {
  const uint64_t sequence = op.sequence;
  const auto journal_index = [&] {
    return static_cast<uint64_t>(static_cast<int64_t>(op.index) + offset_);
  };
  Status status;
  for (;;) {
    try_again();
    switch (op.kind) {
      case JournalOp::Kind::kAppend:
        return append(std::move(op));
      case JournalOp::Kind::kTruncateAfter:
        status = journal_.truncate_after(journal_index());
        break;
      case JournalOp::Kind::kTruncateBefore:
        status = journal_.truncate_before(journal_index());
        break;
      case JournalOp::Kind::kReset:
        status = reset(op.index);
        break;
      case JournalOp::Kind::kPutState:
        status = journal_.put_meta(kStateName, op.state);
        break;
    }
    if (status.code() != StatusCode::NO_SPACE || thread_.is_stopping()) break;
    callbacks_.on_full(true);
    thread_.pause_for(kFullPause);
  }
  if (!status.is_ok()) return failed(status);
  completed(sequence);
}

// The log begins anew after `index`. The journal's own indexes never go back.
Status JournalDriver::reset(uint64_t index) {
  const uint64_t last = journal_.bounds().last;
  const int64_t offset =
      std::max<int64_t>(offset_.load(), static_cast<int64_t>(last) - static_cast<int64_t>(index));
  KVHOST_TRY(journal_.put_meta(kOffsetName, std::to_string(offset)));
  offset_ = offset;
  return journal_.truncate_before(static_cast<uint64_t>(static_cast<int64_t>(index) + offset) + 1);
}

void JournalDriver::append(JournalOp op) {
  std::vector<JournalEntryView> views;
  views.reserve(op.entries.size());
  for (const Entry& entry : op.entries) {
    views.push_back({static_cast<uint64_t>(static_cast<int64_t>(entry.index) + offset_),
                     entry.counter, entry.payload.bytes});
  }
  const uint64_t sequence = op.sequence;
  {
    const std::lock_guard lock(mutex_);
    outstanding_.push_back(std::move(op));
    ++in_call_;
  }
  journal_.append(views, [this, sequence](const Status& status) { appended(sequence, status); });
}

void JournalDriver::appended(uint64_t sequence, const Status& status) {
  {
    const std::lock_guard lock(mutex_);
    --in_call_;
    if (!status.is_ok()) {
      const bool passes = status.code() == StatusCode::NO_SPACE ||
                          status.code() == StatusCode::OVERLOADED || is_retrying_;
      if (passes && !has_failed_) {
        if (is_retrying_) return;
        is_retrying_ = true;
        ++queued_;
        thread_.post([this] {
          try_again();
          const std::lock_guard again(mutex_);
          --queued_;
        });
        return;
      }
    } else {
      std::erase_if(outstanding_, [&](const JournalOp& op) { return op.sequence == sequence; });
    }
  }
  if (!status.is_ok()) return failed(status);
  completed(sequence);
}

// Once the journal has answered everything, what it refused goes in again, in its order.
void JournalDriver::try_again() {
  for (;;) {
    std::deque<JournalOp> refused;
    bool must_wait = false;
    {
      const std::lock_guard lock(mutex_);
      if (!is_retrying_ || has_failed_) return;
      must_wait = in_call_ != 0;
      if (!must_wait) {
        refused.swap(outstanding_);
        is_retrying_ = false;
      }
    }
    if (!must_wait && refused.empty()) return callbacks_.on_full(false);
    callbacks_.on_full(true);
    thread_.pause_for(kFullPause);
    if (thread_.is_stopping()) return;
    for (auto& op : refused) append(std::move(op));
  }
}

void JournalDriver::completed(uint64_t sequence) {
  uint64_t until = 0;
  {
    const std::lock_guard lock(mutex_);
    out_of_order_.insert(sequence);
    const uint64_t before = completed_;
    while (!out_of_order_.empty() && *out_of_order_.begin() == completed_ + 1) {
      ++completed_;
      out_of_order_.erase(out_of_order_.begin());
    }
    if (completed_ == before) return;
    until = completed_;
  }
  callbacks_.on_done(until);
}

void JournalDriver::failed(const Status& status) {
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(has_failed_, true)) return;
  }
  callbacks_.on_failure(status);
}

void JournalDriver::read(const LogRead& request, std::function<void(std::vector<Entry>)> done) {
  reader_.post([this, request, done = std::move(done), offset = offset_.load()] {
    std::vector<Entry> entries;
    const Status status = journal_.read(
        static_cast<uint64_t>(static_cast<int64_t>(request.from) + offset), request.max_bytes,
        [&](const JournalEntryView& view) {
          const auto index = static_cast<uint64_t>(static_cast<int64_t>(view.index) - offset);
          if (index > request.to || !check_payload(view.payload).is_ok()) return;
          entries.push_back({index, view.term, Slice::of(std::string(view.payload))});
        });
    // A range that was cut meanwhile is answered with nothing: the reader asks anew.
    if (!status.is_ok()) entries.clear();
    done(std::move(entries));
  });
}

void JournalDriver::stop() {
  reader_.stop();
  thread_.stop();
}

}  // namespace kvhost::leader_follower
