// Random histories, random and hostile jobs: whatever is admitted, every reader sees the same
// before and after, and nothing that was deleted or expired comes back.
#include <catch2/catch.hpp>

#include "compaction_story.hpp"

using namespace kvhost;
using namespace kvhost::engine;
using namespace kvhost::engine::test;

namespace {

std::vector<std::string> universe() {
  std::vector<std::string> keys;
  for (char c = 'a'; c <= 'p'; ++c) keys.emplace_back(1, c);
  return keys;
}

class RandomLife {
 public:
  explicit RandomLife(uint64_t seed) : random_(seed) {}

  void live(int steps) {
    for (int step = 0; step < steps; ++step) {
      switch (random_.below(8)) {
        case 0:
        case 1:
          write_and_flush();
          break;
        case 2:
          change_snapshots();
          break;
        case 3:
          now_ += random_.below(20);
          database_.host.set_now(now_);
          break;
        default:
          run_job();
      }
      database_.check_visible(keys_);
    }
  }
  uint64_t jobs_done() const { return jobs_done_; }
  uint64_t jobs_refused() const { return jobs_refused_; }

 private:
  std::string key() { return keys_[random_.below(keys_.size())]; }

  // Bytes that do not compress, so that tables grow large enough to be cut.
  std::string noise(uint64_t length) {
    std::string bytes(length, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random_.next());
    return bytes;
  }

  void write_and_flush() {
    const bool only_short_lived = random_.one_in(3);
    const uint64_t longest = random_.one_in(3) ? 9000 : 300;
    for (uint64_t i = 0; i < 1 + random_.below(12); ++i) {
      const uint64_t kind = only_short_lived ? 9 : random_.below(10);
      if (kind == 0) {
        const std::string start = key();
        database_.erase_range(start, std::max(start + "~", key()));
      } else if (kind < 3) {
        database_.erase(key());
      } else {
        const bool expires = only_short_lived || random_.one_in(2);
        const uint64_t expiry = expires ? now_ + 1 + random_.below(20) : 0;
        database_.put(key(), noise(random_.below(longest)), expiry);
      }
      // A snapshot may fall between any two writes.
      if (random_.one_in(12)) database_.host.hold_snapshot(database_.next_sequence - 1);
    }
    database_.flush();
  }

  void change_snapshots() {
    const auto held = database_.host.live_snapshots();
    if (!held.empty() && !random_.one_in(3)) {
      database_.host.release_snapshot(held[random_.below(held.size())]);
    } else {
      database_.host.hold_snapshot(database_.next_sequence - 1);
    }
  }

  // Sometimes sensible, sometimes a neighbourhood, sometimes nonsense.
  Job random_job() {
    const VersionPtr version = database_.versions->current();
    const auto files = database_.all_files();
    Job job;
    const uint64_t kind = random_.below(10);
    if (kind == 0) job.type = JobType::kMove;
    if (kind == 1) job.type = JobType::kDropExpired;
    const std::size_t runs = version->runs().size();
    const std::size_t first = random_.below(runs);
    const std::size_t last = first + random_.below(std::min<std::size_t>(runs - first, 4));
    for (std::size_t i = first; i <= last; ++i) {
      for (const TableFilePtr& file : version->runs()[i]->files()) {
        if (random_.below(10) < 8) job.inputs.push_back(file->number());
      }
    }
    if (job.type == JobType::kDropExpired && !job.inputs.empty()) {
      job.inputs = {job.inputs[random_.below(job.inputs.size())]};
    }
    if (random_.one_in(6)) job.inputs.push_back(files[random_.below(files.size())]);
    if (random_.one_in(40)) job.inputs.push_back(12345);
    job.target_level = static_cast<uint32_t>(random_.below(5));
    if (random_.one_in(2)) {
      const SortedRun& target = *version->runs()[random_.below(runs)];
      job.target_run = target.id();
      job.target_level = target.level();
    }
    job.split_file_bytes = 1;  // clamped: outputs of 16 KiB
    job.split_overlap_bytes = random_.one_in(2) ? 0 : 1000;
    job.split_window_ms = random_.one_in(3) ? 10 : 0;
    if (random_.one_in(30)) job.target_level = 1000;
    return job;
  }

  void run_job() {
    if (database_.all_files().empty()) return;
    const Job job = random_job();
    const auto result = database_.run(job);
    if (result) {
      ++jobs_done_;
      database_.versions->remove_obsolete_files();
      return;
    }
    ++jobs_refused_;
    INFO(result.error().to_string());
    REQUIRE((result.error().code() == StatusCode::INVALID_ARGUMENT ||
             result.error().code() == StatusCode::NOT_SUPPORTED));
  }

  Random random_;
  TestDatabase database_;
  const std::vector<std::string> keys_ = universe();
  uint64_t now_ = 100;
  uint64_t jobs_done_ = 0;
  uint64_t jobs_refused_ = 0;
};

}  // namespace

TEST_CASE("random jobs never change what any reader sees") {
  const uint64_t base = random_seed();
  uint64_t done = 0;
  uint64_t refused = 0;
  for (uint64_t i = 0; i < 200; ++i) {
    INFO("seed " << base + i);
    RandomLife life(base + i);
    life.live(60);
    done += life.jobs_done();
    refused += life.jobs_refused();
  }
  // The test is worth something only when both kinds are frequent.
  CHECK(done > 1000);
  CHECK(refused > 1000);
}
