#include "session/write_combiner.hpp"

#include <string>
#include <utility>

#include "command/table.hpp"
#include "kvhost/detail/boundary.hpp"
#include "session/key_flight.hpp"
#include "session/session.hpp"

namespace kvhost::resp {

namespace {

// A batch that reaches one of these is handed over at once.
constexpr std::size_t kMaxOps = 1024;
constexpr std::size_t kMaxBytes = std::size_t{1} << 20;
constexpr std::size_t kKeptBatches = 8;

}  // namespace

// One batch: filled on the loop, carried out by the store, answered on the loop.
class CombinedWrite final : public Task {
 public:
  explicit CombinedWrite(LoopServices& loop) : loop_(loop) {}

  void restart(DirectReply kind) {
    kind_ = kind;
    bytes_ = 0;
    ops_.clear();
    entries_.clear();
    counted_.clear();
    counted_bytes_.clear();
    results_.clear();
  }
  DirectReply kind() const { return kind_; }
  bool is_empty() const { return entries_.empty(); }
  bool is_full() const { return ops_.size() >= kMaxOps || bytes_ >= kMaxBytes; }
  // A conditional write is a batch of its own, and increments keep to themselves.
  bool takes(DirectReply kind) const {
    if (entries_.empty()) return true;
    if (kind == DirectReply::kInserted || kind_ == DirectReply::kInserted) return false;
    return (kind == DirectReply::kNumber) == (kind_ == DirectReply::kNumber);
  }

  void add(Session& session, uint64_t slot, uint32_t space, const std::vector<kvh_op>& ops,
           DirectReply reply) {
    entries_.push_back({&session, slot, space, ops_.size(), ops.size(), reply});
    for (kvh_op op : ops) {
      if ((op.flags & KVH_OTHER_SPACE) == 0 && space != 0) op.flags |= KVH_IN_SPACE(space);
      bytes_ += op.key.size + op.value.size;
      if (op.type == KVH_OP_INCREMENT) {
        counted_.push_back({counted_bytes_.size(), op.key.size, op.by});
        counted_bytes_.append(detail::to_view(op.key));
      }
      ops_.push_back(op);
    }
  }

  // True when it is done already. Else the store has it from now on, and run() comes when it is.
  bool submit(uint64_t store_session) {
    if (kind_ == DirectReply::kNumber) {
      for (const Entry& entry : entries_) entry.session->conflicts().count_left();
    }
    started_ns_ = loop_.now_ns;
    kvh_call call{};
    call.size = sizeof(call);
    call.session = store_session;
    kvh_condition absent{};
    absent.type = KVH_IF_ABSENT | (ops_[0].flags & ~(KVH_OTHER_SPACE - 1));
    absent.key = ops_[0].key;
    const bool is_conditional = kind_ == DirectReply::kInserted;
    ++loop_.in_flight;
    kvh_error error = detail::make_error();
    const kvh_store& store = loop_.server.store;
    const int32_t code = store.write(store.self, &call, ops_.data(), ops_.size(), sizeof(kvh_op),
                                     &absent, is_conditional ? 1 : 0, sizeof(kvh_condition),
                                     {&on_result, this}, {&on_done, this}, &error);
    if (code == KVH_PENDING) return false;
    status_ = detail::read_status(code, &error);
    return true;
  }

  void run() override {
    --loop_.in_flight;
    loop_.server.metrics.duration_ns(steady_ns() - started_ns_);
    const bool is_doubtful =
        kind_ == DirectReply::kNumber && status_.code() == StatusCode::NOT_A_NUMBER;
    for (std::size_t i = 0; i < entries_.size(); ++i) {
      if (is_doubtful) {
        carry_out_alone(entries_[i], counted_[i]);
      } else {
        answer(entries_[i]);
      }
    }
    std::unique_ptr<CombinedWrite> self(this);
    loop_.writes.recycle(std::move(self));
  }

 private:
  struct Entry {
    Session* session;
    uint64_t slot;
    uint32_t space;
    std::size_t first_op;
    std::size_t op_count;
    DirectReply reply;
  };
  // A key in counted_bytes_: the input is gone when the batch turns out to hold what is no number.
  struct Counted {
    std::size_t start;
    std::size_t size;
    int64_t by;
  };

  static void on_result(void* ctx, const kvh_result* result) KVH_NOEXCEPT {
    auto& self = *static_cast<CombinedWrite*>(ctx);
    detail::swallowed([&] {
      self.results_.clear();
      for (uint64_t i = 0; i < result->item_count; ++i) {
        self.results_.push_back(detail::strided(result->items, result->item_stride, i));
      }
    });
  }
  static void on_done(void* ctx, int32_t code, const kvh_error* error) KVH_NOEXCEPT {
    auto& self = *static_cast<CombinedWrite*>(ctx);
    detail::swallowed([&] { self.status_ = detail::read_status(code, error); });
    self.loop_.mailbox.post(self);
  }

  void answer(const Entry& entry) {
    reply_.clear();
    ReplyWriter reply(reply_, entry.session->protocol());
    const bool was_refused =
        kind_ == DirectReply::kInserted && status_.code() == StatusCode::CONDITION_FAILED;
    if (was_refused) {
      reply.integer(0);
    } else if (!status_.is_ok()) {
      reply.error(status_);
    } else {
      tell(entry, reply);
    }
    entry.session->complete(entry.slot, reply_);
  }

  void tell(const Entry& entry, ReplyWriter& reply) const {
    if (results_.size() < entry.first_op + entry.op_count) {
      return reply.error("ERR the store told no result of a write");
    }
    int64_t existed = 0;
    switch (entry.reply) {
      case DirectReply::kOk:
        return reply.ok();
      case DirectReply::kInserted:
        return reply.integer(1);
      case DirectReply::kNumber:
        return reply.integer(results_[entry.first_op].number);
      case DirectReply::kExisted:
        for (std::size_t i = 0; i < entry.op_count; ++i) {
          existed += results_[entry.first_op + i].existed;
        }
        return reply.integer(existed);
    }
  }

  // Some value of the batch is no number: each command finds out for itself.
  void carry_out_alone(const Entry& entry, const Counted& counted) {
    static const Command& incrby = *find_command("incrby");
    const std::string by = std::to_string(counted.by);
    const std::vector<std::string_view> words = {
        "incrby", std::string_view(counted_bytes_).substr(counted.start, counted.size), by};
    KeyFlight::start_in_slot(*entry.session, entry.slot, incrby, words, entry.space);
  }

  LoopServices& loop_;
  DirectReply kind_ = DirectReply::kOk;
  std::size_t bytes_ = 0;
  std::vector<kvh_op> ops_;
  std::vector<Entry> entries_;
  std::vector<Counted> counted_;
  std::string counted_bytes_;
  std::vector<kvh_op_result> results_;
  std::string reply_;
  Status status_;
  uint64_t started_ns_ = 0;
};

WriteCombiner::WriteCombiner(LoopServices& loop, uint64_t store_session)
    : loop_(loop), store_session_(store_session) {}

WriteCombiner::~WriteCombiner() = default;

bool WriteCombiner::is_empty() const { return !open_; }

CombinedWrite& WriteCombiner::open(DirectReply reply) {
  if (open_ && !open_->takes(reply)) submit();
  if (!open_) {
    if (spare_.empty()) {
      open_ = std::make_unique<CombinedWrite>(loop_);
    } else {
      open_ = std::move(spare_.back());
      spare_.pop_back();
    }
    open_->restart(reply);
  }
  return *open_;
}

void WriteCombiner::add(Session& session, uint64_t slot, uint32_t space,
                        const std::vector<kvh_op>& ops, DirectReply reply) {
  // A large command goes alone: its failure is its own.
  if (open_ && ops.size() >= kMaxOps) submit();
  CombinedWrite& batch = open(reply);
  batch.add(session, slot, space, ops, reply);
  if (batch.is_full()) submit();
}

void WriteCombiner::submit() {
  if (!open_) return;
  CombinedWrite* const batch = open_.release();
  if (batch->submit(store_session_)) finished_.push_back(batch);
}

void WriteCombiner::answer_finished() {
  // What an answer begins may finish more.
  for (std::size_t i = 0; i < finished_.size(); ++i) finished_[i]->run();
  finished_.clear();
}

void WriteCombiner::recycle(std::unique_ptr<CombinedWrite> batch) {
  if (spare_.size() < kKeptBatches) spare_.push_back(std::move(batch));
}

}  // namespace kvhost::resp
