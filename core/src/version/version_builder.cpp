#include "version/version_builder.hpp"

#include <algorithm>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>

namespace kvhost::engine {
namespace {

Status broken(std::string text) { return {StatusCode::CORRUPTION, std::move(text)}; }

std::string file_text(uint64_t number) { return "table " + std::to_string(number); }
std::string run_text(uint64_t id) { return "run " + std::to_string(id); }

// A run on its way from the old Version to the new one.
struct DraftRun {
  uint64_t id = 0;
  uint32_t level = 0;
  // The old run as it is, as long as nothing touched it; then `files` counts.
  SortedRunPtr untouched;
  std::vector<TableFilePtr> files;

  std::vector<TableFilePtr>& change() {
    if (untouched != nullptr) files = untouched->files();
    untouched.reset();
    return files;
  }
  bool empty() const { return untouched == nullptr && files.empty(); }
};

class Draft {
 public:
  explicit Draft(const Version& base) : base_(base) {
    for (const SortedRunPtr& run : base.runs()) {
      runs_.push_back({run->id(), run->level(), run, {}});
    }
  }

  Status remove_files(const std::vector<uint64_t>& numbers) {
    for (const uint64_t number : numbers) {
      const Version::Place place = base_.find_file(number);
      if (place.run == Version::kNowhere || removed_.contains(number)) {
        return broken(file_text(number) + " is removed, but is not in the tree");
      }
      removed_.emplace(number, base_.file_at(place));
      std::erase(runs_[place.run].change(), base_.file_at(place));
    }
    return {};
  }

  Status add_run(const NewRun& run) {
    if (find(run.id) != nullptr) return broken(run_text(run.id) + " is made twice");
    if (run.id == 0 || run.id == NewRun::kFront) {
      return broken(run_text(run.id) + " has a number that means something else");
    }
    if (run.level > kMaxLevel) {
      return broken(run_text(run.id) + " has level " + std::to_string(run.level) +
                    "; the highest is " + std::to_string(kMaxLevel));
    }
    auto at = runs_.begin();
    if (run.before_run == NewRun::kBack) {
      at = runs_.end();
    } else if (run.before_run != NewRun::kFront) {
      at = std::find_if(runs_.begin(), runs_.end(),
                        [&run](const DraftRun& one) { return one.id == run.before_run; });
      if (at == runs_.end()) {
        return broken(run_text(run.id) + " is put before " + run_text(run.before_run) +
                      ", which does not exist");
      }
    }
    runs_.insert(at, DraftRun{run.id, run.level, nullptr, {}});
    return {};
  }

  Status add_file(const AddedFile& added, const std::shared_ptr<ObsoleteFiles>& obsolete_files) {
    DraftRun* run = find(added.run);
    const uint64_t number = added.metadata.number;
    if (run == nullptr) {
      return broken(file_text(number) + " is added to " + run_text(added.run) +
                    ", which does not exist");
    }
    TableFilePtr file;
    if (const auto moved = removed_.find(number); moved != removed_.end()) {
      file = std::move(moved->second);
      removed_.erase(moved);
    } else if (base_.find_file(number).run == Version::kNowhere) {
      file = std::make_shared<TableFile>(added.metadata, obsolete_files);
    }
    if (file == nullptr || !added_.insert(number).second) {
      return broken(file_text(number) + " is added to " + run_text(added.run) +
                    ", but is in the tree already");
    }
    run->change().push_back(std::move(file));
    return {};
  }

  Result<AppliedEdit> finish() {
    std::erase_if(runs_, [](const DraftRun& run) { return run.empty(); });
    std::vector<SortedRunPtr> runs;
    for (DraftRun& run : runs_) {
      if (!runs.empty() && runs.back()->level() > run.level) {
        return broken("level labels fall from " + std::to_string(runs.back()->level()) + " of " +
                      run_text(runs.back()->id()) + " to " + std::to_string(run.level) + " of " +
                      run_text(run.id));
      }
      if (run.untouched == nullptr) {
        KVHOST_TRY(sort_and_check(run));
        run.untouched = std::make_shared<SortedRun>(run.id, run.level, std::move(run.files));
      }
      runs.push_back(run.untouched);
    }
    AppliedEdit applied{std::make_shared<Version>(std::move(runs)), {}};
    for (auto& [number, file] : removed_) applied.removed.push_back(std::move(file));
    return applied;
  }

 private:
  DraftRun* find(uint64_t id) {
    const auto at = std::find_if(runs_.begin(), runs_.end(),
                                 [id](const DraftRun& run) { return run.id == id; });
    return at == runs_.end() ? nullptr : &*at;
  }

  static Status sort_and_check(DraftRun& run) {
    std::sort(run.files.begin(), run.files.end(), [](const TableFilePtr& a, const TableFilePtr& b) {
      return a->range().smallest < b->range().smallest;
    });
    for (std::size_t i = 0; i < run.files.size(); ++i) {
      const KeyRange& range = run.files[i]->range();
      if (range.ends_before(range.smallest)) {
        return broken(file_text(run.files[i]->number()) + " ends before it begins");
      }
      if (i > 0 && run.files[i - 1]->range().overlaps(range)) {
        return broken(file_text(run.files[i - 1]->number()) + " and " +
                      file_text(run.files[i]->number()) + " overlap in " + run_text(run.id));
      }
    }
    return {};
  }

  const Version& base_;
  // Runs are added only after every removal, so that places in base_ hold until then.
  std::vector<DraftRun> runs_;
  std::unordered_map<uint64_t, TableFilePtr> removed_;
  std::unordered_set<uint64_t> added_;
};

}  // namespace

Result<AppliedEdit> apply_edit(const Version& base, const VersionEdit& edit,
                               const std::shared_ptr<ObsoleteFiles>& obsolete_files) {
  Draft draft(base);
  KVHOST_TRY(draft.remove_files(edit.removed_files));
  for (const NewRun& run : edit.new_runs) KVHOST_TRY(draft.add_run(run));
  for (const AddedFile& file : edit.added_files) KVHOST_TRY(draft.add_file(file, obsolete_files));
  return draft.finish();
}

VersionEdit full_edit(const Version& version, const VersionState& state) {
  VersionEdit edit;
  for (const SortedRunPtr& run : version.runs()) {
    edit.new_runs.push_back({run->id(), run->level(), NewRun::kBack});
  }
  version.for_each_file([&edit](const SortedRun& run, const TableFilePtr& file) {
    edit.added_files.push_back({run.id(), file->metadata()});
  });
  edit.next_file_number = state.next_file_number;
  edit.next_run_id = state.next_run_id;
  edit.last_sequence = state.last_sequence;
  edit.reserved_sequence = state.reserved_sequence;
  edit.log_start = state.log_start;
  edit.log_durable = state.log_durable;
  edit.log_time_ms = state.log_time_ms;
  edit.replication = state.replication;
  edit.policy_name = state.policy_name;
  edit.policy_state = state.policy_state;
  return edit;
}

}  // namespace kvhost::engine
