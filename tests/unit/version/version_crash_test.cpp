// Power fails at every call that VersionSet makes, while it works and while it recovers. What was
// acknowledged is there afterwards; what was under way is there whole or not at all.
#include <catch2/catch.hpp>
#include <string>

#include "version/version_builder.hpp"
#include "version_story.hpp"

using namespace kvhost;
using namespace kvhost::engine;
using namespace kvhost::engine::test;
using kvhost::engine::testing::CrashFileSystem;

namespace {

constexpr VersionSetOptions kOftenReplaced{.manifest_rollover_bytes = 250};

// What got acknowledged, and the tree that an edit under way would have made.
struct Story {
  std::string acknowledged;
  std::string under_way;
  uint64_t last_sequence = 0;
  uint64_t highest_number = 0;
};

// Two flushes, then all of level 0 moves into a new run below; and so on.
Result<VersionEdit> next_edit(CrashFileSystem& files, VersionSet& set, const Version& base,
                              uint64_t step) {
  VersionEdit edit;
  if (step % 3 != 2) {
    const std::string key = "k" + std::to_string(step);
    const FileMetadata table = metadata_of(set.new_file_number(), key, key + "z");
    KVHOST_TRY(write_fake_table(files, table));
    edit.add_level0_run(set.new_run_id(), table);
    edit.last_sequence = step * 10 + 10;
    return edit;
  }
  const uint64_t run = set.new_run_id();
  edit.new_runs = {{run, 1, NewRun::kBack}};
  for (const SortedRunPtr& old : base.runs()) {
    const FileMetadata& file = old->files()[0]->metadata();
    if (old->level() != 0) continue;
    edit.removed_files.push_back(file.number);
    // One moves, the other is merged away.
    if (edit.removed_files.size() == 1) edit.added_files = {{run, file}};
  }
  return edit;
}

void live(CrashFileSystem& files, Story& story) {
  const auto set = open_set(files, kOftenReplaced);
  if (!set) return;
  story.acknowledged = tree_text(*(*set)->current());
  for (uint64_t step = 0; step < 9; ++step) {
    const auto changed = (*set)->log_and_apply([&](const Version& base) -> Result<VersionEdit> {
      KVHOST_TRY_ASSIGN(VersionEdit edit, next_edit(files, **set, base, step));
      KVHOST_TRY_ASSIGN(const AppliedEdit applied,
                        apply_edit(base, edit, (*set)->obsolete_files()));
      story.under_way = tree_text(*applied.version);
      return edit;
    });
    if (!changed) return;
    story.acknowledged = story.under_way;
    story.last_sequence = (*set)->state().last_sequence;
    for (const SortedRunPtr& run : (*changed)->runs()) {
      story.highest_number = std::max(story.highest_number, run->files()[0]->number());
    }
    (*set)->remove_obsolete_files();
  }
}

void check_recovered(CrashFileSystem& files, const Story& story) {
  const auto set = open_set(files, kOftenReplaced);
  INFO((set ? std::string("opened") : set.error().to_string()));
  REQUIRE(set);
  const std::string found = tree_text(*(*set)->current());
  INFO("acknowledged: " << story.acknowledged);
  INFO("under way: " << story.under_way);
  CHECK((found == story.acknowledged || found == story.under_way));
  CHECK((*set)->state().last_sequence >= story.last_sequence);
  CHECK((*set)->new_file_number() > story.highest_number);
}

}  // namespace

TEST_CASE("power fails at every call of the version set's life") {
  bool finished = false;
  for (uint64_t call = 1; !finished; ++call) {
    REQUIRE(call < 1000);
    for (const uint64_t seed : {0, 1, 2, 3}) {
      CrashFileSystem files;
      Story story;
      files.set_crash_after(call, seed);
      live(files, story);
      finished = !files.is_dead();
      files.crash({.keeps_some = seed != 0, .seed = seed + call});
      INFO("call " << call << ", seed " << seed);
      check_recovered(files, story);
    }
  }
}

TEST_CASE("power fails at every call of a recovery, and again in the next one") {
  bool finished = false;
  for (uint64_t call = 1; !finished; ++call) {
    REQUIRE(call < 1000);
    for (const uint64_t seed : {0, 1, 2}) {
      CrashFileSystem files;
      Story story;
      // Somewhere in the middle, with files left over that nothing names.
      files.set_crash_after(60, seed);
      live(files, story);
      files.crash({.keeps_some = seed != 0, .seed = seed + call});
      INFO("call " << call << ", seed " << seed);
      for (int recovery = 0; recovery < 2; ++recovery) {
        files.set_crash_after(call, seed);
        static_cast<void>(open_set(files, kOftenReplaced));
        finished = !files.is_dead();
        files.crash({.keeps_some = seed != 0, .seed = seed * 31 + call});
      }
      check_recovered(files, story);
    }
  }
}
