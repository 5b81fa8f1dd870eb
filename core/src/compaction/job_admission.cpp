#include "compaction/job_admission.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "compaction/older_data.hpp"
#include "version/version_edit.hpp"

namespace kvhost::engine {
namespace {

Status refused(std::string why) { return {StatusCode::INVALID_ARGUMENT, std::move(why)}; }
std::string table_text(uint64_t number) { return "table " + std::to_string(number); }

std::string position_text(const Version& version, std::size_t run) {
  return "run " + std::to_string(version.runs()[run]->id()) + " of level " +
         std::to_string(version.runs()[run]->level());
}

class Placer {
 public:
  Placer(const Version& version, const Job& job, const AdmissionRules& rules)
      : version_(version), job_(job), rules_(rules) {}

  Result<JobPlacement> place() {
    KVHOST_TRY(check_shape());
    KVHOST_TRY(find_inputs());
    KVHOST_TRY(check_clip());
    if (is_drop()) {
      KVHOST_TRY(check_drop());
      place_.joins_run = true;
      place_.position = place_.newest;
      return std::move(place_);
    }
    KVHOST_TRY(find_target());
    KVHOST_TRY(check_levels());
    KVHOST_TRY(check_recency());
    KVHOST_TRY(check_target_run());
    return std::move(place_);
  }

 private:
  bool is_drop() const {
    return job_.type == JobType::kDropExpired || job_.type == JobType::kDropOldestLossy;
  }
  const Version::Place& place_of(std::size_t input) const { return place_.inputs[input]; }

  Status check_shape() const {
    switch (job_.type) {
      case JobType::kMerge:
      case JobType::kMove:
      case JobType::kDropExpired:
        break;
      case JobType::kDropOldestLossy:
        if (!rules_.allow_lossy_drop) {
          return refused("a job drops live data, but the owner of the data has not allowed that");
        }
        break;
      case JobType::kRewriteBlobs:
        return {StatusCode::NOT_SUPPORTED, "this version has no blob segments to rewrite"};
      default:
        return refused("a job has the unknown type " +
                       std::to_string(static_cast<uint32_t>(job_.type)));
    }
    if (job_.inputs.empty()) return refused("a job names no input");
    if (job_.target_level > kMaxLevel) {
      return refused("a job's target level is " + std::to_string(job_.target_level) +
                     "; the highest is " + std::to_string(kMaxLevel));
    }
    if (job_.policy_state.size() > kMaxPolicyState) {
      return refused("a job carries " + std::to_string(job_.policy_state.size()) +
                     " bytes of policy state; expected at most " + std::to_string(kMaxPolicyState));
    }
    return {};
  }

  Status find_inputs() {
    place_.newest = SIZE_MAX;
    for (const uint64_t number : job_.inputs) {
      if (!place_.numbers.insert(number).second) {
        return refused(table_text(number) + " is named twice as an input");
      }
      const Version::Place place = version_.find_file(number);
      if (place.run == Version::kNowhere) {
        return refused(table_text(number) + " is named as an input, but is not in the tree");
      }
      place_.inputs.push_back(place);
      place_.files.push_back(version_.file_at(place));
      place_.newest = std::min(place_.newest, place.run);
      place_.oldest = std::max(place_.oldest, place.run);
    }
    place_.hull = place_.files.front()->range();
    for (const TableFilePtr& file : place_.files) place_.hull.extend(file->range());
    return {};
  }

  // Tables are read and replaced whole; a clip is fine where it leaves nothing of them out.
  Status check_clip() const {
    if (job_.clip_start.empty() && job_.clip_end.empty()) return {};
    const bool covers = job_.clip_start <= place_.hull.smallest &&
                        (job_.clip_end.empty() || place_.hull.ends_before(job_.clip_end));
    if (covers) return {};
    return {StatusCode::NOT_SUPPORTED,
            "a job's clip range cuts its inputs; this version merges whole tables only"};
  }

  Status check_drop() const {
    for (std::size_t i = 0; i < place_.files.size(); ++i) {
      const FileMetadata& file = place_.files[i]->metadata();
      if (job_.type == JobType::kDropExpired) {
        const bool proven = file.entries > 0 && file.ttl_entries == file.entries &&
                            file.tombstones == 0 && file.range_deletes == 0 &&
                            file.max_expires_at_ms <= rules_.now_ms;
        if (!proven) {
          return refused(table_text(file.number) +
                         " is to be dropped as expired, but its figures do not prove it: " +
                         std::to_string(file.ttl_entries) + " of " + std::to_string(file.entries) +
                         " records expire, the last at " + std::to_string(file.max_expires_at_ms) +
                         ", it is " + std::to_string(rules_.now_ms));
        }
      }
      const OlderData older(version_, place_of(i).run + 1, place_.numbers);
      if (older.may_overlap(file.range)) {
        return refused(table_text(file.number) +
                       " is to be dropped, but may hide older records that stay");
      }
    }
    return {};
  }

  Status find_target() {
    place_.level = job_.target_level;
    if (job_.target_run != 0) {
      const std::size_t run = version_.find_run(job_.target_run);
      if (run == Version::kNowhere) {
        return refused("the target run " + std::to_string(job_.target_run) + " is not in the tree");
      }
      if (version_.runs()[run]->level() != job_.target_level) {
        return refused("the target " + position_text(version_, run) + " is not in level " +
                       std::to_string(job_.target_level));
      }
      place_.joins_run = true;
      place_.position = run;
      return {};
    }
    // Where the oldest input stands, or further down where the level belongs.
    const auto& runs = version_.runs();
    const auto at_level = std::partition_point(
        runs.begin(), runs.end(),
        [this](const SortedRunPtr& run) { return run->level() < job_.target_level; });
    place_.position = std::max(place_.oldest, static_cast<std::size_t>(at_level - runs.begin()));
    return {};
  }

  // A run that loses all its files does not count.
  bool vanishes(std::size_t run) const {
    const auto& files = version_.runs()[run]->files();
    return std::all_of(files.begin(), files.end(), [this](const TableFilePtr& file) {
      return place_.numbers.contains(file->number());
    });
  }

  Status check_levels() const {
    if (place_.joins_run) return {};
    for (std::size_t i = 0; i < version_.runs().size(); ++i) {
      const uint32_t level = version_.runs()[i]->level();
      const bool is_newer = i < place_.position;
      if (is_newer ? level <= place_.level : level >= place_.level) continue;
      if (vanishes(i)) continue;
      return refused("a new run of level " + std::to_string(place_.level) + " cannot stand " +
                     (is_newer ? "behind " : "before ") + position_text(version_, i));
    }
    return {};
  }

  Status check_recency() const {
    for (std::size_t i = 0; i < place_.files.size(); ++i) {
      for (std::size_t run = 0; run < version_.runs().size(); ++run) {
        if (run == place_of(i).run) continue;
        if (stays_on_its_side(run, place_of(i).run)) continue;
        for (const TableFilePtr& other :
             version_.runs()[run]->overlapping(place_.files[i]->range())) {
          if (place_.numbers.contains(other->number())) continue;
          return refused(table_text(place_.files[i]->number()) + " would pass " +
                         table_text(other->number()) + " in " + position_text(version_, run) +
                         ", which has keys in common and stays");
        }
      }
    }
    return {};
  }

  // Whether `run` is as much newer or older than the outputs as it is than an input's run.
  bool stays_on_its_side(std::size_t run, std::size_t input_run) const {
    if (run < input_run) return run < place_.position;
    return run >= place_.first_older();
  }

  // Files of a run do not overlap. Outputs of a merge may span gaps between the inputs.
  Status check_target_run() const {
    if (job_.type == JobType::kMove) KVHOST_TRY(check_moved_files());
    if (!place_.joins_run) return {};
    if (job_.type == JobType::kMove && place_.newest == place_.position &&
        place_.oldest == place_.position) {
      return refused("a job moves tables to where they are");
    }
    const SortedRun& run = *version_.runs()[place_.position];
    if (job_.type == JobType::kMerge) return check_free(run, place_.hull);
    for (const TableFilePtr& file : place_.files) KVHOST_TRY(check_free(run, file->range()));
    return {};
  }

  Status check_free(const SortedRun& run, const KeyRange& range) const {
    for (const TableFilePtr& other : run.overlapping(range)) {
      if (place_.numbers.contains(other->number())) continue;
      return refused("the outputs would overlap " + table_text(other->number()) +
                     " in the target run " + std::to_string(run.id()));
    }
    return {};
  }

  Status check_moved_files() const {
    std::vector<TableFilePtr> files = place_.files;
    std::sort(files.begin(), files.end(), [](const TableFilePtr& a, const TableFilePtr& b) {
      return a->range().smallest < b->range().smallest;
    });
    for (std::size_t i = 1; i < files.size(); ++i) {
      if (files[i - 1]->range().overlaps(files[i]->range())) {
        return refused(table_text(files[i - 1]->number()) + " and " +
                       table_text(files[i]->number()) +
                       " are to be moved into one run, but overlap");
      }
    }
    return {};
  }

  const Version& version_;
  const Job& job_;
  const AdmissionRules& rules_;
  JobPlacement place_;
};

// Positions in half steps, so that the gap in front of run i (2i) differs from the run (2i + 1).
struct Interval {
  std::size_t first;
  std::size_t last;
};

Interval interval_of(const JobPlacement& job) {
  const std::size_t target = 2 * job.position + (job.joins_run ? 1 : 0);
  return {std::min(2 * job.newest + 1, target), std::max(2 * job.oldest + 1, target)};
}

}  // namespace

Result<JobPlacement> place_job(const Version& version, const Job& job,
                               const AdmissionRules& rules) {
  return Placer(version, job, rules).place();
}

Job retarget(const Version& version, Job job) {
  if (job.target_run != 0 && version.find_run(job.target_run) == Version::kNowhere) {
    job.target_run = 0;
  }
  return job;
}

Status check_conflicts(const JobPlacement& job, std::span<const JobPlacement> running) {
  const Interval mine = interval_of(job);
  for (const JobPlacement& other : running) {
    for (const uint64_t number : job.numbers) {
      if (other.numbers.contains(number)) {
        return {StatusCode::CONFLICT, table_text(number) + " is an input of a running job"};
      }
    }
    const Interval theirs = interval_of(other);
    if (mine.first <= theirs.last && theirs.first <= mine.last && job.hull.overlaps(other.hull)) {
      return {StatusCode::CONFLICT, "a running job works on the same keys of the same runs"};
    }
  }
  return {};
}

}  // namespace kvhost::engine
