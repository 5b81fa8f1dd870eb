#include "raft_strategy.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <random>
#include <vector>

#include "core_host.hpp"
#include "kvhost/detail/boundary.hpp"
#include "monotonic.hpp"

namespace kvhost::raft {

namespace {

Status to_status(const kvr_error& error) {
  return {static_cast<StatusCode>(error.code), std::string(error.text, error.text_size)};
}

// Memory of the core's.
std::string take(kvr_buffer& buffer) {
  std::string text(buffer.data, buffer.size);
  std::free(buffer.data);
  return text;
}

char* writable(std::string_view text) { return const_cast<char*>(text.data()); }

uint64_t first_number() {
  std::random_device random;
  return (uint64_t{random()} << 31) | (uint64_t{random()} << 1) | 1;
}

// The frames of one apply, and who is to hear the results.
struct Run {
  std::vector<kvh_ordered_batch> batches;
  std::vector<uint64_t> numbers;
};

bool split(const char* at, uint64_t size, uint64_t count, Run& run) {
  run.batches.reserve(count);
  run.numbers.reserve(count);
  const char* const end = at + size;
  for (uint64_t i = 0; i < count; ++i) {
    uint64_t head[3];
    if (static_cast<uint64_t>(end - at) < sizeof(head)) return false;
    std::memcpy(head, at, sizeof(head));
    at += sizeof(head);
    if (static_cast<uint64_t>(end - at) < head[2]) return false;
    run.batches.push_back({head[0], {at, head[2]}});
    run.numbers.push_back(head[1]);
    at += head[2];
  }
  return at == end;
}

}  // namespace

Result<std::unique_ptr<RaftStrategy>> RaftStrategy::create(Context& context, const Config& config) {
  KVHOST_TRY_ASSIGN(const GoCore* const core, GoCore::load());
  auto made = std::make_unique<RaftStrategy>(context, *core, config.boolean("forward"));
  std::string text = core_config(config, made->node_);
  kvr_error error{};
  made->core_node_ = core->create(&made->host_, text.data(), text.size(), &error);
  if (made->core_node_ == 0) return to_status(error);
  return made;
}

RaftStrategy::RaftStrategy(const Context& context, const GoCore& core, bool forward)
    : log_(context.log()),
      executor_(context.executor()),
      node_(context.node()),
      core_(core),
      forward_(forward),
      proposals_(first_number()) {
  host_ = CoreHost::table(*this);
}

RaftStrategy::~RaftStrategy() {
  if (core_node_ == 0) return;
  if (is_serving_) core_.stop(core_node_);
  core_.destroy(core_node_);
}

Status RaftStrategy::attach(StateMachine state_machine) {
  state_ = state_machine;
  kvr_error error{};
  if (core_.start(core_node_, &error) != KVH_OK) return to_status(error);
  is_serving_ = true;
  return {};
}

void RaftStrategy::stop(Deadline /*deadline*/) {
  if (!is_serving_.exchange(false)) return;
  core_.stop(core_node_);
  reads_.refuse_all({StatusCode::DRAINING, "the node is shutting down"});
}

Status RaftStrategy::check_serving() const {
  if (is_serving_) return {};
  return {StatusCode::STARTING, "the replication strategy raft does not serve now"};
}

Status RaftStrategy::not_leader() const {
  const auto hint = leader_hint();
  return {StatusCode::NOT_LEADER,
          node_.node_id + " does not lead and forward = false; " +
              (hint ? "the leader's clients use " + *hint : "no leader is known")};
}

uint64_t RaftStrategy::deadline_of(const kvh_call& call) const {
  if (call.deadline_ns != 0) return call.deadline_ns;
  return monotonic_ns() + static_cast<uint64_t>(node_.request_timeout.count());
}

uint64_t RaftStrategy::read_time() const { return state_->now_ms(); }

void RaftStrategy::propose(const kvh_call& call, std::span<const std::string_view> batches,
                           ProposalDone done) {
  Status status = check_serving();
  if (status && !forward_ && role_.load(std::memory_order_acquire) != KVH_ROLE_LEADER) {
    status = not_leader();
  }
  if (status) status = proposals_.add(batches, deadline_of(call), done);
  if (!status) return done.finish(status);
  core_.wake(core_node_);
}

void RaftStrategy::read_barrier(const kvh_call& call, BarrierDone done) {
  const uint32_t level =
      call.read_level == KVH_READ_DEFAULT ? KVH_READ_LINEARIZABLE : call.read_level;
  Status status = check_serving();
  if (status && level == KVH_READ_LOCAL) return done.grant(0, read_time());
  const bool leads = role_.load(std::memory_order_acquire) == KVH_ROLE_LEADER;
  if (status && !forward_ && !leads) status = not_leader();
  const auto how = level == KVH_READ_LEADER && leads ? PendingReads::Level::kLeader
                                                     : PendingReads::Level::kQuorum;
  if (status) status = reads_.add(how, deadline_of(call), done);
  if (!status) return done.refuse(status);
  core_.wake(core_node_);
}

int32_t RaftStrategy::apply(const kvr_position& first, uint64_t count, const char* frames,
                            uint64_t size, kvr_error* error) {
  Run run;
  Status status;
  if (split(frames, size, count, run)) {
    const Position position{first.incarnation, first.term, first.index};
    status = state_->apply(position, run.batches,
                           [&](uint64_t offset, const Status& outcome, const kvh_result* result) {
                             if (offset < run.numbers.size() && run.numbers[offset] != 0) {
                               proposals_.tell(run.numbers[offset], outcome, result);
                             }
                           });
  } else {
    status = {StatusCode::INTERNAL, "the core's frames do not fit their count"};
  }
  if (status) {
    reads_.applied(first.index + count - 1, read_time());
    return KVH_OK;
  }
  error->code = static_cast<int32_t>(status.code());
  error->text_size = static_cast<uint32_t>(std::min(sizeof(error->text), status.message().size()));
  std::memcpy(error->text, status.message().data(), error->text_size);
  return error->code;
}

std::optional<std::string> RaftStrategy::leader_hint() const {
  const std::lock_guard lock(mutex_);
  if (leader_advertise_.empty()) return std::nullopt;
  return leader_advertise_;
}

std::string RaftStrategy::status() const {
  if (!is_serving_) return R"({"strategy":"raft","role":"stopped"})";
  kvr_buffer out{};
  core_.status(core_node_, &out);
  std::string text = take(out);
  // Requests are counted on this side, all else is the core's.
  const uint64_t failures = proposals_.quorum_failures() + reads_.quorum_failures();
  if (text.size() > 2) text.insert(1, "\"quorum_failures\":" + std::to_string(failures) + ",");
  return text;
}

void RaftStrategy::run_command(const kvh_call& call, std::string_view name,
                               std::string_view arguments, CommandDone done) {
  if (const Status status = check_serving(); !status) return done.refuse(status);
  const uint64_t deadline_ns = deadline_of(call);
  const auto work = [this, name = std::string(name), arguments = std::string(arguments),
                     deadline_ns, done] {
    const auto answer = core_command(name, arguments, deadline_ns);
    answer ? done.answer(*answer) : done.refuse(answer.error());
  };
  if (!executor_) return work();
  if (const Status posted = executor_.post(KVH_LANE_BACKGROUND, work); !posted) done.refuse(posted);
}

Result<std::string> RaftStrategy::core_command(std::string_view name, std::string_view arguments,
                                               uint64_t deadline_ns) const {
  const uint64_t now_ns = monotonic_ns();
  kvr_buffer out{};
  kvr_error error{};
  const int32_t code =
      core_.command(core_node_, writable(name), name.size(), writable(arguments), arguments.size(),
                    deadline_ns > now_ns ? deadline_ns - now_ns : 0, &out, &error);
  if (code != KVH_OK) return to_status(error);
  return take(out);
}

}  // namespace kvhost::raft
