#include "lane.hpp"

#include <sys/prctl.h>

#include <stdexcept>
#include <utility>

namespace kvbench {
namespace {

// Bytes as a message may show them.
std::string shown(const std::string& bytes) {
  std::string text;
  for (const char c : bytes.substr(0, 24)) text += c >= ' ' && c <= '~' ? c : '.';
  return std::to_string(bytes.size()) + " bytes, \"" + text + "\"";
}

}  // namespace

void LaneOutcome::merge(const LaneOutcome& other) {
  latencies.merge(other.latencies);
  lateness.merge(other.lateness);
  gets += other.gets;
  puts += other.puts;
  checked += other.checked;
  refused += other.refused;
  if (first_refusal.empty()) first_refusal = other.first_refusal;
  unsent += other.unsent;
  last_ns = std::max(last_ns, other.last_ns);
}

Lane::Lane(std::unique_ptr<Link> link, const Pace& pace, std::unique_ptr<RequestSource> source,
           const Values& values, bool are_missing)
    : link_(std::move(link)),
      pacer_(pace),
      source_(std::move(source)),
      values_(values),
      are_missing_(are_missing),
      pending_(pace.depth) {
  for (uint32_t tag = pace.depth; tag > 0; --tag) free_tags_.push_back(tag - 1);
}

uint64_t Lane::now_ns() const {
  const auto since = std::chrono::steady_clock::now() - begun_;
  return since.count() < 0 ? 0 : static_cast<uint64_t>(std::chrono::nanoseconds(since).count());
}

void Lane::run(TimePoint begun, const std::atomic<bool>& stop) {
  // The kernel would gather this thread's timers in steps of 50 µs.
  ::prctl(PR_SET_TIMERSLACK, 1);
  begun_ = begun;
  auto heard = std::chrono::steady_clock::now();
  std::vector<Answer> answers;
  while (!stop.load(std::memory_order_relaxed)) {
    send_what_is_due();
    link_->flush();
    const auto in_flight = static_cast<uint32_t>(pending_.size() - free_tags_.size());
    if (in_flight == 0 && pacer_.is_over(now_ns())) break;
    const uint64_t wakes_at =
        pacer_.is_over(now_ns()) ? Pacer::kNever : pacer_.wakes_at_ns(in_flight);
    // Short, so that a stop by another lane is seen.
    auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(100);
    if (wakes_at != Pacer::kNever) {
      deadline = std::min(deadline, begun_ + std::chrono::nanoseconds(wakes_at));
    }
    answers.clear();
    link_->receive(deadline, answers);
    const auto now = std::chrono::steady_clock::now();
    if (!answers.empty() || in_flight == 0) heard = now;
    if (now - heard > kPatience) {
      throw std::runtime_error("no answer for " + std::to_string(kPatience.count()) + " s to " +
                               std::to_string(in_flight) +
                               " requests; the server hangs or is overloaded: see its log");
    }
    for (const auto& answer : answers) finish(answer);
  }
  pacer_.visit_unsent([this](uint64_t waited_ns) {
    ++outcome_.unsent;
    outcome_.latencies.record_latency(waited_ns);
  });
}

void Lane::send_what_is_due() {
  for (;;) {
    const auto in_flight = static_cast<uint32_t>(pending_.size() - free_tags_.size());
    const uint64_t now = now_ns();
    const auto counts_from = pacer_.take(now, in_flight);
    if (!counts_from) return;
    if (pacer_.is_open_loop()) outcome_.lateness.record_latency(now - *counts_from);
    send(*counts_from);
  }
}

void Lane::send(uint64_t counts_from_ns) {
  const uint32_t tag = free_tags_.back();
  free_tags_.pop_back();
  Pending& pending = pending_[tag];
  pending = {source_->next(), counts_from_ns};
  const Key key(pending.request.number);
  if (!pending.request.is_put) {
    link_->get(tag, key.view());
    return;
  }
  values_.make(pending.request.number, pending.request.version, value_);
  link_->put(tag, key.view(), value_);
}

void Lane::finish(const Answer& answer) {
  const Pending pending = pending_[answer.tag];
  free_tags_.push_back(answer.tag);
  const auto at = std::chrono::nanoseconds(answer.at - begun_).count();
  const auto at_ns =
      std::max(static_cast<uint64_t>(std::max<int64_t>(at, 0)), pending.counts_from_ns);
  outcome_.last_ns = std::max(outcome_.last_ns, at_ns);
  if (answer.kind == Answer::Kind::kRefused) {
    if (outcome_.refused++ == 0) outcome_.first_refusal = answer.text.substr(0, 300);
    return;
  }
  if (pending.request.is_put) {
    if (answer.kind != Answer::Kind::kDone) throw std::runtime_error("a put found nothing there");
    ++outcome_.puts;
  } else {
    check(answer, pending.request.number);
    ++outcome_.gets;
  }
  outcome_.latencies.record(at_ns, at_ns - pending.counts_from_ns);
}

void Lane::check(const Answer& answer, uint64_t number) {
  const std::string key(Key(number).view());
  const bool is_there = answer.kind == Answer::Kind::kDone;
  if (are_missing_) {
    if (is_there) throw std::runtime_error("key " + key + " is there and was never written");
    return;
  }
  if (!is_there) {
    throw std::runtime_error("key " + key +
                             " is missing; without --loaded the keys are written first, and with "
                             "it --keys must be those of the load");
  }
  if (!values_.is_value_of(answer.text, number)) {
    throw std::runtime_error("the value of key " + key + " is not what was written (" +
                             shown(answer.text) +
                             "); if --value was another when it was loaded, or somebody else "
                             "writes there, run without --loaded; otherwise the server is wrong");
  }
  ++outcome_.checked;
}

}  // namespace kvbench
