// Power cuts and faults at every call. Whatever happens: what was acknowledged is there, a cut that
// returned holds, and what is there is what was appended last under its index.
#include <catch2/catch.hpp>
#include <map>
#include <optional>

#include "base/random.hpp"
#include "journal_world.hpp"
#include "support/fault_file_system.hpp"

namespace kvhost::engine::testing {
namespace {

// Does random things and keeps account of what must be there.
class JournalStory {
 public:
  JournalStory(FileSystem& files, uint64_t seed) : files_(files), random_(seed) {}

  Status restart() {
    journal_.reset();
    auto opened = Journal::open(files_, "/data/journals/log", small_options(), null_logger());
    if (!opened) return opened.error();
    journal_ = std::move(*opened);
    return verify();
  }
  Status live(int steps) {
    if (journal_ == nullptr) KVHOST_TRY(restart());
    for (int i = 0; i < steps; ++i) KVHOST_TRY(step());
    return Status::ok();
  }
  void drop() { journal_.reset(); }
  bool is_open() const { return journal_ != nullptr; }
  Journal& journal() { return *journal_; }

  Status step() {
    const uint64_t kind = random_.below(10);
    if (kind < 6) return append();
    if (kind == 6) return cut_above();
    if (kind == 7) return cut_below();
    if (kind == 8) return store();
    return verify();
  }

 private:
  Status append() {
    const uint64_t index = journal_->last() + 1;
    const uint64_t term = ++term_;
    // Until it is acknowledged either state may be found.
    maybe_[index] = term;
    const Status done = append_and_wait(*journal_, index, term, 60 + random_.below(900));
    if (done.is_ok()) {
      sure_[index] = term;
      maybe_.erase(index);
    }
    return done;
  }
  Status cut_above() {
    const uint64_t first = journal_->first();
    const uint64_t last = journal_->last();
    if (last < first) return Status::ok();
    const uint64_t index = last - random_.below(last - first + 1) % 4;
    if (index + 1 < first) return Status::ok();
    // A cut under way may or may not have happened.
    for (auto at = sure_.upper_bound(index); at != sure_.end();) {
      maybe_[at->first] = at->second;
      at = sure_.erase(at);
    }
    const Status done = journal_->truncate_after(index);
    if (done.is_ok()) maybe_.erase(maybe_.upper_bound(index), maybe_.end());
    return done;
  }
  Status cut_below() {
    const uint64_t last = journal_->last();
    const uint64_t index =
        random_.one_in(6) ? last + 1 + random_.below(5) : last - std::min(last, random_.below(20));
    const Status done = journal_->truncate_before(index);
    // Nobody asks for it any more; it may be there.
    while (!sure_.empty() && sure_.begin()->first < index) {
      maybe_[sure_.begin()->first] = sure_.begin()->second;
      sure_.erase(sure_.begin());
    }
    return done;
  }
  Status store() {
    const std::string value = std::to_string(++term_);
    other_value_ = value;
    const Status done = journal_->put_meta("epoch", value);
    if (done.is_ok()) {
      value_ = value;
      other_value_.reset();
    }
    return done;
  }
  Status verify() {
    KVHOST_TRY_ASSIGN(const auto found, contents(*journal_));
    check({found.begin(), found.end()});
    return Status::ok();
  }
  void check(std::map<uint64_t, uint64_t> held) {
    for (const auto& [index, term] : sure_) {
      INFO("entry " << index << " of term " << term << " was acknowledged");
      REQUIRE(held.count(index) == 1);
      REQUIRE(held[index] == term);
    }
    for (const auto& [index, term] : held) {
      if (sure_.count(index) == 1) continue;
      INFO("entry " << index << " of term " << term << " is held");
      REQUIRE(maybe_.count(index) == 1);
      REQUIRE(maybe_[index] == term);
    }
    const auto value = journal_->get_meta("epoch");
    const bool is_known = value == value_ || (other_value_ && value == other_value_);
    INFO("the value is " << value.value_or("absent"));
    REQUIRE(is_known);
    value_ = value;
    other_value_.reset();
    // What was found is what there is from now on; a cut below may be forgotten by a crash.
    std::erase_if(maybe_, [&](const auto& entry) {
      return entry.first >= journal_->first() && held.count(entry.first) == 0;
    });
  }

  FileSystem& files_;
  Random random_;
  std::unique_ptr<Journal> journal_;
  uint64_t term_ = 0;
  std::map<uint64_t, uint64_t> sure_;
  std::map<uint64_t, uint64_t> maybe_;
  std::optional<std::string> value_;
  std::optional<std::string> other_value_;
};

constexpr int kSteps = 60;

TEST_CASE("power is lost at the n-th call, for every n") {
  const bool keeps_some = GENERATE(false, true);
  uint64_t n = 1;
  for (;; ++n) {
    INFO("call " << n << (keeps_some ? ", some unsynced bytes survive" : ""));
    CrashFileSystem disk;
    make_data_directory(disk);
    JournalStory story(disk, 5);
    disk.set_crash_after(n, keeps_some ? n : 0);
    const Status ended = story.live(kSteps);
    if (!disk.is_dead()) {
      REQUIRE(ended.is_ok());
      break;
    }
    story.drop();
    disk.crash({keeps_some, n});
    REQUIRE(story.live(20).is_ok());
    story.drop();
    disk.crash({keeps_some, n + 1});
    REQUIRE(story.restart().is_ok());
  }
  CHECK(n > kSteps);
}

TEST_CASE("random lives end in random power cuts") {
  for (uint64_t seed = 1; seed <= 120; ++seed) {
    INFO("seed " << seed << "; repeat with this seed alone");
    CrashFileSystem disk;
    make_data_directory(disk);
    JournalStory story(disk, seed);
    Random random(seed * 31);
    for (int life = 0; life < 4; ++life) {
      disk.set_crash_after(1 + random.below(200), random.next());
      const Status ended = story.live(kSteps);
      if (!disk.is_dead() && story.is_open()) REQUIRE(ended.is_ok());
      story.drop();
      disk.crash({true, random.next()});
    }
    REQUIRE(story.restart().is_ok());
  }
}

// Fails the n-th call of some kinds, for n = 1, 2, 3, … until no call is left to fail.
void fail_each_call(const std::string& kinds, const std::string& how) {
  for (uint64_t n = 1;; ++n) {
    INFO(kinds << " nth=" << n << " " << how);
    CrashFileSystem disk;
    make_data_directory(disk);
    FaultFileSystem faults(disk);
    JournalStory story(faults, 13);
    faults.fail(kinds + " * nth=" + std::to_string(n) + " " + how);
    int errors = 0;
    for (int tries = 0; !story.restart().is_ok(); ++tries) REQUIRE(tries < 3);
    for (int i = 0; i < kSteps; ++i) {
      const Status done = story.step();
      if (done.is_ok()) continue;
      ++errors;
      // A failure that stays is lifted by opening anew.
      if (done.code() != StatusCode::NO_SPACE) REQUIRE(story.restart().is_ok());
    }
    const bool fired = faults.faults() > 0;
    faults.heal();
    story.drop();
    disk.crash({true, n});
    REQUIRE(story.restart().is_ok());
    if (!fired && errors == 0) return;
  }
}

TEST_CASE("every write, sync and other call fails once") {
  fail_each_call("write,append,sync,syncdir,rename,remove,preallocate,overwrite,create",
                 "once EIO");
}

TEST_CASE("the disk is full once at every call") {
  fail_each_call("write,append,rename,preallocate,create", "once ENOSPC");
}

}  // namespace
}  // namespace kvhost::engine::testing
