// A random life of a log, and what must be true of whatever a crash leaves of it.
//
// The story keeps beside the log what a MANIFEST would: from where recovery starts and how far the
// log was known to be durable.
#pragma once

#include <string>
#include <vector>

#include "base/random.hpp"
#include "log_world.hpp"

namespace kvhost::engine::testing {

class LogStory {
 public:
  LogStory(FileSystem& files, uint64_t seed) : files_(files), random_(seed) {
    options_.segment_size = 8192;
    options_.max_spares = 1;
  }

  // One process: recovers, checks, opens, then `steps` random steps. Stops at the first error.
  Status live(int steps) {
    KVHOST_TRY(restart());
    for (int i = 0; i < steps; ++i) KVHOST_TRY(step());
    return Status::ok();
  }
  // Recovers and compares with what must and what may be there.
  Status restart() {
    log_.reset();
    auto found = recover(files_, "/wal", {from_, hint_});
    if (!found) return found.error();
    check(*found);
    options_.incarnation_seed = random_.next() | 1;
    KVHOST_TRY_ASSIGN(log_, LogWriter::open(files_, "/wal", options_, found->end));
    // Now nothing is in doubt: what was found is durable, the rest is gone.
    written_ = found->payloads;
    durable_ = written_.size();
    doubtful_.clear();
    return Status::ok();
  }
  // After an error: what a caller does to go on with the same process. The lost records are those
  // that the caller keeps elsewhere.
  Status resume() {
    const bool is_soft = log_->sync().is_ok();
    if (is_soft) {
      durable_ = written_.size();
    } else {
      written_.resize(durable_);
    }
    doubtful_.clear();
    return log_->rotate();
  }
  Status step() {
    switch (random_.below(12)) {
      case 0:
        return log_->rotate();
      case 1:
        return random_.one_in(2) ? log_->prepare_spare() : log_->prepare_next();
      case 2:
        return release();
      case 3:
      case 4:
      case 5:
        return sync();
      default:
        return append();
    }
  }
  Status close() {
    KVHOST_TRY(log_->close());
    durable_ = written_.size();
    return Status::ok();
  }

  // The bytes survived in the kernel: every append that returned counts.
  void expect_all_written() { durable_ = written_.size(); }
  bool has_log() const { return log_ != nullptr; }
  void drop_log() { log_.reset(); }
  LogStart start() const { return {from_, hint_}; }

 private:
  std::string payload() {
    std::string bytes = std::to_string(next_++) + ":";
    const uint64_t length = random_.one_in(30)  ? 9000 + random_.below(8000)
                            : random_.one_in(4) ? random_.below(1500)
                                                : random_.below(60);
    bytes.append(length, static_cast<char>('a' + next_ % 26));
    return bytes;
  }
  Status append() {
    Payloads group(1 + random_.below(3));
    for (std::string& each : group) each = payload();
    doubtful_ = group;
    const std::vector<std::string_view> views(group.begin(), group.end());
    KVHOST_TRY(log_->append_group(views).status());
    doubtful_.clear();
    written_.insert(written_.end(), group.begin(), group.end());
    return Status::ok();
  }
  Status sync() {
    KVHOST_TRY(log_->sync());
    durable_ = written_.size();
    if (random_.one_in(3)) hint_ = log_->durable_position();
    return Status::ok();
  }
  // A flush: all that is in the log so far is stored in tables, and the MANIFEST says so.
  Status release() {
    KVHOST_TRY(log_->rotate());
    from_ = log_->end_position();
    written_.clear();
    durable_ = 0;
    return log_->release_before(from_);
  }
  void check(const Recovered& found) const {
    INFO("durable " << durable_ << ", written " << written_.size() << ", found "
                    << found.payloads.size());
    Payloads possible = written_;
    possible.insert(possible.end(), doubtful_.begin(), doubtful_.end());
    REQUIRE(found.payloads.size() >= durable_);
    REQUIRE(found.payloads.size() <= possible.size());
    possible.resize(found.payloads.size());
    REQUIRE(found.payloads == possible);
  }

  FileSystem& files_;
  Random random_;
  LogOptions options_;
  std::unique_ptr<LogWriter> log_;
  LogPosition from_;
  LogPosition hint_;
  uint64_t next_ = 0;
  // Appended since `from_`, in order; the first durable_ of them by a sync that returned.
  Payloads written_;
  std::size_t durable_ = 0;
  // The group whose append was under way.
  Payloads doubtful_;
};

}  // namespace kvhost::engine::testing
