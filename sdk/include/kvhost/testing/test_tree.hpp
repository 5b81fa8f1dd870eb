// A tree of sorted runs made by hand, for the tests of compaction policies, and the engine's rules
// on it: which jobs are admitted, and what the tree looks like after one.
//
//   TestTree tree;
//   tree.flush("a", "m");                       // a new run of level 0, in front
//   auto plan = policy.plan(tree.view(), {}, Deadline::max());
//   CHECK(tree.apply(plan->jobs[0]).is_ok());   // or says why the engine would refuse it
//
// Threads:   one.
// Lifetime:  view() and abi() are good until the tree changes or is asked again.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kvhost/compaction.hpp"
#include "kvhost/detail/thunks.hpp"

namespace kvhost::testing {

struct TestFile {
  uint64_t id = 0;
  std::string smallest;
  std::string largest;
  uint64_t bytes = 1 << 20;
  uint64_t entries = 1000;
  uint64_t tombstones = 0;
  uint64_t range_deletes = 0;
  uint64_t ttl_entries = 0;
  uint64_t min_expires_at_ms = 0;
  uint64_t max_expires_at_ms = 0;
  uint64_t created_at_ms = 0;
  uint64_t estimated_garbage_bytes = 0;
  uint64_t read_touches = 0;
  uint64_t min_sequence = 0;
  uint64_t max_sequence = 0;
  bool busy = false;

  bool overlaps(const TestFile& other) const {
    return !(largest < other.smallest || other.largest < smallest);
  }
};

struct TestRun {
  uint64_t id = 0;
  uint32_t level = 0;
  std::vector<TestFile> files;  // in key order, ranges disjoint
};

class TestTree {
 public:
  std::vector<TestRun> runs;  // newest first
  uint64_t now_ms = 1'700'000'000'000;
  uint32_t max_workers = 1;
  uint32_t idle_workers = 1;
  uint64_t memtable_bytes = uint64_t{64} << 20;
  uint64_t free_bytes = uint64_t{1} << 40;
  std::string policy_state;

  // A memtable was flushed: a new run of level 0 with one file, in front of all others.
  TestFile& flush(std::string smallest, std::string largest, uint64_t bytes = 1 << 20) {
    runs.insert(runs.begin(), TestRun{++last_id_, 0, {}});
    TestFile& file = runs.front().files.emplace_back();
    fill(file, std::move(smallest), std::move(largest), bytes);
    return file;
  }
  // A run behind all others, to be filled with add_file().
  TestRun& add_run(uint32_t level) { return runs.emplace_back(TestRun{++last_id_, level, {}}); }
  TestFile& add_file(TestRun& run, std::string smallest, std::string largest,
                     uint64_t bytes = 1 << 20) {
    TestFile& file = run.files.emplace_back();
    fill(file, std::move(smallest), std::move(largest), bytes);
    return file;
  }

  uint64_t bytes() const;
  std::size_t files() const;
  // What the tree breaks of the rules that every tree keeps; empty when it is legal.
  std::string fault() const;

  // OK, or why the engine would refuse the job.
  Status check(const Job& job) const;
  // Carries the job out, as the engine would.
  Status apply(const Job& job);

  const TreeView& view() {
    view_ = std::make_unique<detail::TreeCopy>(abi());
    return view_->view();
  }
  const kvh_tree& abi();

 private:
  // Where a job's inputs stand and where its outputs go, by the positions before the job.
  struct Place {
    std::set<uint64_t> ids;
    std::vector<std::pair<std::size_t, const TestFile*>> inputs;  // run, file
    std::size_t newest = SIZE_MAX;
    std::size_t oldest = 0;
    bool joins = false;
    std::size_t position = 0;
    std::string smallest;
    std::string largest;
  };

  void fill(TestFile& file, std::string smallest, std::string largest, uint64_t bytes);
  static Status refused(std::string why) { return {StatusCode::INVALID_ARGUMENT, std::move(why)}; }
  Result<Place> place(const Job& job) const;
  Status find_inputs(const Job& job, Place& place) const;
  Status find_target(const Job& job, Place& place) const;
  Status check_drop(const Job& job, const Place& place) const;
  Status check_recency(const Place& place) const;
  Status check_levels(const Job& job, const Place& place) const;
  Status check_target(const Job& job, const Place& place) const;
  bool vanishes(const TestRun& run, const Place& place) const;
  std::vector<TestFile> outputs(const Job& job, const Place& place);
  std::vector<TestFile> merged(const Job& job, const Place& place);

  uint64_t last_id_ = 0;
  uint64_t last_sequence_ = 0;
  std::unique_ptr<detail::TreeCopy> view_;
  std::vector<std::vector<kvh_file>> abi_files_;
  std::vector<kvh_run> abi_runs_;
  kvh_tree abi_{};
};

inline void TestTree::fill(TestFile& file, std::string smallest, std::string largest,
                           uint64_t bytes) {
  file.id = ++last_id_;
  file.smallest = std::move(smallest);
  file.largest = std::move(largest);
  file.bytes = bytes;
  file.entries = bytes / 1000 + 1;
  file.created_at_ms = now_ms;
  file.min_sequence = last_sequence_ + 1;
  file.max_sequence = last_sequence_ += file.entries;
}

inline uint64_t TestTree::bytes() const {
  uint64_t sum = 0;
  for (const auto& run : runs) {
    for (const auto& file : run.files) sum += file.bytes;
  }
  return sum;
}
inline std::size_t TestTree::files() const {
  std::size_t sum = 0;
  for (const auto& run : runs) sum += run.files.size();
  return sum;
}

inline std::string TestTree::fault() const {
  for (std::size_t r = 0; r < runs.size(); ++r) {
    const auto& run = runs[r];
    const std::string name = "run " + std::to_string(run.id);
    if (run.files.empty()) return name + " is empty";
    if (r > 0 && run.level < runs[r - 1].level) return name + " stands behind a lower level";
    for (std::size_t f = 0; f < run.files.size(); ++f) {
      if (run.files[f].largest < run.files[f].smallest) return name + " has a file turned round";
      if (f > 0 && run.files[f].smallest <= run.files[f - 1].largest) {
        return name + " has files that overlap";
      }
    }
  }
  return {};
}

inline const kvh_tree& TestTree::abi() {
  abi_files_.assign(runs.size(), {});
  abi_runs_.clear();
  uint64_t total = 0;
  for (std::size_t r = 0; r < runs.size(); ++r) {
    uint64_t run_bytes = 0;
    for (const auto& file : runs[r].files) {
      kvh_file raw{};
      raw.id = file.id;
      raw.identity[0] = file.id * 0x9E3779B97F4A7C15u;
      raw.identity[1] = file.id;
      raw.bytes = file.bytes;
      raw.smallest_key = detail::to_bytes(file.smallest);
      raw.largest_key = detail::to_bytes(file.largest);
      raw.min_sequence = file.min_sequence;
      raw.max_sequence = file.max_sequence;
      raw.entries = file.entries;
      raw.tombstones = file.tombstones;
      raw.range_deletes = file.range_deletes;
      raw.ttl_entries = file.ttl_entries;
      raw.min_expires_at_ms = file.min_expires_at_ms;
      raw.max_expires_at_ms = file.max_expires_at_ms;
      raw.created_at_ms = file.created_at_ms;
      raw.estimated_garbage_bytes = file.estimated_garbage_bytes;
      raw.read_touches = file.read_touches;
      raw.flags = file.busy ? KVH_FILE_BUSY : 0;
      run_bytes += file.bytes;
      abi_files_[r].push_back(raw);
    }
    total += run_bytes;
    abi_runs_.push_back({runs[r].id, runs[r].level, 0, run_bytes, abi_files_[r].data(),
                         abi_files_[r].size(), sizeof(kvh_file)});
  }
  abi_ = {};
  abi_.size = sizeof(kvh_tree);
  abi_.max_workers = max_workers;
  abi_.idle_workers = idle_workers;
  abi_.now_ms = now_ms;
  abi_.runs = abi_runs_.data();
  abi_.run_count = abi_runs_.size();
  abi_.run_stride = sizeof(kvh_run);
  abi_.last_sequence = last_sequence_;
  abi_.memtable_bytes = memtable_bytes;
  abi_.total_bytes = total;
  abi_.free_bytes = free_bytes;
  abi_.policy_state = detail::to_bytes(policy_state);
  return abi_;
}

inline Status TestTree::find_inputs(const Job& job, Place& place) const {
  if (job.inputs.empty()) return refused("the job names no input");
  for (const uint64_t id : job.inputs) {
    const std::string name = "file " + std::to_string(id);
    if (!place.ids.insert(id).second) return refused(name + " is named twice");
    const std::size_t before = place.inputs.size();
    for (std::size_t r = 0; r < runs.size(); ++r) {
      for (const auto& file : runs[r].files) {
        if (file.id != id) continue;
        if (file.busy) return refused(name + " is an input of a running job");
        place.inputs.emplace_back(r, &file);
        place.newest = std::min(place.newest, r);
        place.oldest = std::max(place.oldest, r);
      }
    }
    if (place.inputs.size() == before) return refused(name + " is not in the tree");
    const TestFile& file = *place.inputs.back().second;
    if (before == 0 || file.smallest < place.smallest) place.smallest = file.smallest;
    if (before == 0 || place.largest < file.largest) place.largest = file.largest;
  }
  return {};
}

inline Status TestTree::find_target(const Job& job, Place& place) const {
  if (job.target_run == 0) {
    std::size_t at_level = 0;
    while (at_level < runs.size() && runs[at_level].level < job.target_level) ++at_level;
    place.position = std::max(place.oldest, at_level);
    return {};
  }
  for (std::size_t r = 0; r < runs.size(); ++r) {
    if (runs[r].id != job.target_run) continue;
    if (runs[r].level != job.target_level) return refused("the target run has another level");
    place.joins = true;
    place.position = r;
    return {};
  }
  return refused("the target run " + std::to_string(job.target_run) + " is not in the tree");
}

inline Status TestTree::check_drop(const Job& job, const Place& place) const {
  for (const auto& [run, file] : place.inputs) {
    const std::string name = "file " + std::to_string(file->id);
    const bool proven = file->entries > 0 && file->ttl_entries == file->entries &&
                        file->tombstones == 0 && file->range_deletes == 0 &&
                        file->max_expires_at_ms <= now_ms;
    if (job.type == JobType::kDropExpired && !proven) {
      return refused(name + " is to be dropped as expired, but holds data that lives");
    }
    for (std::size_t r = run + 1; r < runs.size(); ++r) {
      for (const auto& other : runs[r].files) {
        if (place.ids.count(other.id) != 0 || !other.overlaps(*file)) continue;
        return refused(name + " is to be dropped, but may hide older records that stay");
      }
    }
  }
  return {};
}

inline bool TestTree::vanishes(const TestRun& run, const Place& place) const {
  return std::all_of(run.files.begin(), run.files.end(),
                     [&](const TestFile& file) { return place.ids.count(file.id) != 0; });
}

inline Status TestTree::check_levels(const Job& job, const Place& place) const {
  if (place.joins) return {};
  for (std::size_t r = 0; r < runs.size(); ++r) {
    const bool newer = r < place.position;
    if (newer ? runs[r].level <= job.target_level : runs[r].level >= job.target_level) continue;
    if (vanishes(runs[r], place)) continue;
    return refused("a new run of level " + std::to_string(job.target_level) +
                   " cannot stand beside run " + std::to_string(runs[r].id) + " of level " +
                   std::to_string(runs[r].level));
  }
  return {};
}

// For every input and every other file with common keys, the output stands on the same side of the
// other file as the input did.
inline Status TestTree::check_recency(const Place& place) const {
  const std::size_t first_older = place.joins ? place.position + 1 : place.position;
  for (const auto& [run, file] : place.inputs) {
    for (std::size_t r = 0; r < runs.size(); ++r) {
      if (r == run || (r < run ? r < place.position : r >= first_older)) continue;
      for (const auto& other : runs[r].files) {
        if (place.ids.count(other.id) != 0 || !other.overlaps(*file)) continue;
        return refused("file " + std::to_string(file->id) + " would pass file " +
                       std::to_string(other.id) + ", which has keys in common and stays");
      }
    }
  }
  return {};
}

inline Status TestTree::check_target(const Job& job, const Place& place) const {
  if (job.type == JobType::kMove) {
    for (const auto& [run, file] : place.inputs) {
      for (const auto& [other_run, other] : place.inputs) {
        if (file != other && file->overlaps(*other)) {
          return refused("files that overlap are to be moved into one run");
        }
      }
    }
  }
  if (!place.joins) return {};
  if (job.type == JobType::kMove && place.newest == place.position &&
      place.oldest == place.position) {
    return refused("the job moves files to where they are");
  }
  TestFile hull;
  hull.smallest = place.smallest;
  hull.largest = place.largest;
  for (const auto& other : runs[place.position].files) {
    if (place.ids.count(other.id) != 0) continue;
    bool meets = job.type == JobType::kMerge && other.overlaps(hull);
    for (const auto& [run, file] : place.inputs) meets = meets || other.overlaps(*file);
    if (meets) return refused("outputs would overlap file " + std::to_string(other.id));
  }
  return {};
}

inline Result<TestTree::Place> TestTree::place(const Job& job) const {
  constexpr uint32_t kDeepestLevel = 63;
  Place place;
  const bool is_drop = job.type == JobType::kDropExpired || job.type == JobType::kDropOldestLossy;
  if (!is_drop && job.type != JobType::kMerge && job.type != JobType::kMove) {
    return Status(StatusCode::NOT_SUPPORTED, "the engine does not know this type of job");
  }
  if (job.target_level > kDeepestLevel) return refused("the deepest level is 63");
  if (job.policy_state.size() > KVH_MAX_POLICY_STATE) return refused("policy_state is too long");
  KVHOST_TRY(find_inputs(job, place));
  const bool is_clipped = !job.clip_start.empty() || !job.clip_end.empty();
  if (is_clipped && (job.clip_start > place.smallest ||
                     (!job.clip_end.empty() && job.clip_end <= place.largest))) {
    return refused("the clip range cuts its inputs");
  }
  if (is_drop) {
    KVHOST_TRY(check_drop(job, place));
    return place;
  }
  KVHOST_TRY(find_target(job, place));
  KVHOST_TRY(check_levels(job, place));
  KVHOST_TRY(check_recency(place));
  KVHOST_TRY(check_target(job, place));
  return place;
}

inline Status TestTree::check(const Job& job) const { return place(job).status(); }

// Pieces of about split_file_bytes, cut between the boundaries of the inputs.
inline std::vector<TestFile> TestTree::merged(const Job& job, const Place& place) {
  std::vector<std::string> keys;
  TestFile sum;
  sum.bytes = sum.entries = 0;
  sum.min_sequence = UINT64_MAX;
  for (const auto& [run, file] : place.inputs) {
    keys.push_back(file->smallest);
    keys.push_back(file->largest);
    const bool is_dead = file->ttl_entries == file->entries && file->max_expires_at_ms <= now_ms;
    sum.bytes += is_dead ? 0 : file->bytes - std::min(file->bytes, file->estimated_garbage_bytes);
    sum.entries += is_dead ? 0 : file->entries;
    sum.min_sequence = std::min(sum.min_sequence, file->min_sequence);
    sum.max_sequence = std::max(sum.max_sequence, file->max_sequence);
  }
  std::vector<TestFile> pieces;
  if (sum.entries == 0 || sum.bytes == 0) return pieces;
  std::sort(keys.begin(), keys.end());
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  const uint64_t wanted = job.split_file_bytes == 0 ? uint64_t{64} << 20 : job.split_file_bytes;
  const std::size_t count = std::clamp<std::size_t>(
      static_cast<std::size_t>((sum.bytes + wanted - 1) / wanted), 1, keys.size());
  for (std::size_t i = 0; i < count; ++i) {
    TestFile piece = sum;
    piece.id = ++last_id_;
    piece.smallest = keys[keys.size() * i / count];
    piece.largest = keys[keys.size() * (i + 1) / count - 1];
    piece.bytes = std::max<uint64_t>(sum.bytes / count, 1);
    piece.entries = std::max<uint64_t>(sum.entries / count, 1);
    piece.created_at_ms = now_ms;
    pieces.push_back(std::move(piece));
  }
  return pieces;
}

inline std::vector<TestFile> TestTree::outputs(const Job& job, const Place& place) {
  if (job.type == JobType::kMerge) return merged(job, place);
  std::vector<TestFile> moved;
  if (job.type != JobType::kMove) return moved;
  for (const auto& [run, file] : place.inputs) moved.push_back(*file);
  return moved;
}

inline Status TestTree::apply(const Job& job) {
  KVHOST_TRY_ASSIGN(const Place found, place(job));
  std::vector<TestFile> results = outputs(job, found);
  if (!job.policy_state.empty()) policy_state = job.policy_state;
  for (auto& run : runs) {
    std::erase_if(run.files, [&](const TestFile& file) { return found.ids.count(file.id) != 0; });
  }
  if (!results.empty()) {
    if (!found.joins) {
      runs.insert(runs.begin() + static_cast<std::ptrdiff_t>(found.position),
                  TestRun{++last_id_, job.target_level, {}});
    }
    auto& files = runs[found.position].files;
    for (auto& file : results) files.push_back(std::move(file));
    std::sort(files.begin(), files.end(),
              [](const TestFile& a, const TestFile& b) { return a.smallest < b.smallest; });
  }
  std::erase_if(runs, [](const TestRun& run) { return run.files.empty(); });
  return {};
}

}  // namespace kvhost::testing
