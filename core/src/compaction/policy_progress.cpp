#include "compaction/policy_progress.hpp"

#include <algorithm>
#include <cmath>

namespace kvhost::engine {
namespace {

// How often a policy may write the tree that it finds, to give it another shape.
constexpr uint64_t kReshapes = 8;
constexpr uint64_t kWritesForFewerRuns = 2;
// Rewrites of a new byte for each tenfold that the tree is larger than a memtable, and two more.
constexpr double kRewritesPerTenfold = 16;
// A job costs at least this share of a memtable; an empty tree allows for kSpareMemtables.
constexpr uint64_t kLeastShare = 16;
constexpr uint64_t kSpareMemtables = 16;

}  // namespace

void PolicyProgress::begin(const Shape& shape) {
  begun_ = now_ = shape;
  fewest_runs_ = shape.runs;
  written_ = arrived_ = 0;
  saved_ = 0;
  balance_ = limit();
}

int64_t PolicyProgress::limit() const {
  return static_cast<int64_t>(kReshapes * now_.bytes + kSpareMemtables * memtable_bytes_);
}

void PolicyProgress::pay_in(uint64_t bytes) {
  balance_ = std::min(limit(), balance_ + static_cast<int64_t>(bytes));
}

void PolicyProgress::look(const Shape& shape) {
  now_ = shape;
  const double tenfolds =
      std::log10(1.0 + static_cast<double>(shape.bytes) / static_cast<double>(memtable_bytes_ + 1));
  const double rewrites = kRewritesPerTenfold * (2 + tenfolds);
  // Over the whole time, so that a job that is installed but not yet paid for does no harm.
  const int64_t arrived =
      static_cast<int64_t>(shape.bytes) + saved_ - static_cast<int64_t>(begun_.bytes);
  if (arrived > static_cast<int64_t>(arrived_)) {
    const uint64_t fresh = static_cast<uint64_t>(arrived) - arrived_;
    arrived_ += fresh;
    if (!shape.is_crowded) pay_in(static_cast<uint64_t>(rewrites * static_cast<double>(fresh)));
    fewest_runs_ = std::max(fewest_runs_, shape.runs);
  }
  if (shape.runs < fewest_runs_) {
    fewest_runs_ = shape.runs;
    pay_in(kWritesForFewerRuns * shape.bytes);
  }
}

void PolicyProgress::pay(uint64_t bytes_in, uint64_t bytes_out) {
  written_ += bytes_out;
  note_other(bytes_in, bytes_out);
  balance_ -= static_cast<int64_t>(std::max(bytes_out, memtable_bytes_ / kLeastShare));
  if (bytes_out < bytes_in) {
    pay_in(static_cast<uint64_t>(2 * kRewritesPerTenfold) * (bytes_in - bytes_out));
  }
}

void PolicyProgress::note_other(uint64_t bytes_in, uint64_t bytes_out) {
  saved_ += static_cast<int64_t>(bytes_in) - static_cast<int64_t>(bytes_out);
}

}  // namespace kvhost::engine
