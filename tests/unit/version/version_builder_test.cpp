#include "version/version_builder.hpp"

#include <catch2/catch.hpp>

#include "version_story.hpp"

using namespace kvhost;
using namespace kvhost::engine;
using namespace kvhost::engine::test;

namespace {

class Tree {
 public:
  Tree() {
    VersionEdit edit;
    edit.new_runs = {{1, 2, NewRun::kBack}, {2, 0, NewRun::kFront}};
    edit.added_files = {{1, metadata_of(10, "a", "f")},
                        {1, metadata_of(11, "g", "m")},
                        {2, metadata_of(12, "c", "k")}};
    REQUIRE(apply(edit).is_ok());
  }

  Status apply(const VersionEdit& edit) {
    auto applied = apply_edit(*version, edit, obsolete);
    if (!applied) return applied.error();
    version = applied->version;
    removed = std::move(applied->removed);
    return {};
  }

  VersionPtr version = std::make_shared<Version>();
  std::vector<TableFilePtr> removed;
  std::shared_ptr<ObsoleteFiles> obsolete = std::make_shared<ObsoleteFiles>();
};

VersionEdit removing(std::vector<uint64_t> files) {
  VersionEdit edit;
  edit.removed_files = std::move(files);
  return edit;
}

}  // namespace

TEST_CASE("applying edits: runs come and go in their order") {
  Tree tree;
  CHECK(tree_text(*tree.version) == "L0(12:c-k) L2(10:a-f 11:g-m)");
  VersionEdit edit = removing({12});
  edit.new_runs = {{3, 0, NewRun::kFront}, {4, 1, 1}};
  edit.added_files = {{4, metadata_of(14, "a", "b")}, {3, metadata_of(13, "x", "z")}};
  REQUIRE(tree.apply(edit).is_ok());
  CHECK(tree_text(*tree.version) == "L0(13:x-z) L1(14:a-b) L2(10:a-f 11:g-m)");
  REQUIRE(tree.removed.size() == 1);
  CHECK(tree.removed[0]->number() == 12);
  CHECK(tree.version->bytes() == 400);
  CHECK(tree.version->file_count() == 4);
}

TEST_CASE("applying edits: a moved table stays the same object") {
  Tree tree;
  const TableFilePtr before = tree.version->file_at(tree.version->find_file(12));
  VersionEdit edit = removing({12});
  edit.new_runs = {{5, 1, 1}};
  edit.added_files = {{5, before->metadata()}};
  REQUIRE(tree.apply(edit).is_ok());
  CHECK(tree_text(*tree.version) == "L1(12:c-k) L2(10:a-f 11:g-m)");
  CHECK(tree.version->file_at(tree.version->find_file(12)) == before);
  CHECK(tree.removed.empty());
}

TEST_CASE("applying edits: broken invariants are refused") {
  Tree tree;
  const auto refusal = [&tree](const VersionEdit& edit) {
    const Status status = tree.apply(edit);
    CHECK(status.code() == StatusCode::CORRUPTION);
    return status.message();
  };
  using Catch::Contains;
  CHECK_THAT(refusal(removing({99})), Contains("table 99 is removed, but is not in the tree"));
  CHECK_THAT(refusal(removing({10, 10})), Contains("table 10 is removed"));
  VersionEdit overlap;
  overlap.added_files = {{1, metadata_of(20, "m", "p")}};
  CHECK_THAT(refusal(overlap), Contains("overlap in run 1"));
  VersionEdit twice;
  twice.new_runs = {{9, 2, NewRun::kBack}};
  twice.added_files = {{9, metadata_of(10, "a", "f")}};
  CHECK_THAT(refusal(twice), Contains("in the tree already"));
  VersionEdit no_run;
  no_run.added_files = {{8, metadata_of(20, "x", "y")}};
  CHECK_THAT(refusal(no_run), Contains("run 8, which does not exist"));
  VersionEdit levels;
  levels.new_runs = {{9, 3, 1}};
  levels.added_files = {{9, metadata_of(20, "x", "y")}};
  CHECK_THAT(refusal(levels), Contains("level labels fall"));
  VersionEdit nowhere;
  nowhere.new_runs = {{9, 1, 77}};
  CHECK_THAT(refusal(nowhere), Contains("before run 77"));
  CHECK(tree_text(*tree.version) == "L0(12:c-k) L2(10:a-f 11:g-m)");
}

TEST_CASE("a sorted run finds the files of keys and ranges") {
  const Tree tree;
  const SortedRun& run = *tree.version->runs()[1];
  CHECK(run.find("a")->number() == 10);
  CHECK(run.find("f")->number() == 10);
  CHECK(run.find("f\x01") == nullptr);
  CHECK(run.find("m")->number() == 11);
  CHECK(run.find("n") == nullptr);
  CHECK(run.find("") == nullptr);
  CHECK(run.overlapping("f", "g").size() == 1);
  CHECK(run.overlapping("f", "g\x01").size() == 2);
  CHECK(run.overlapping("n", "").empty());
  CHECK(run.overlapping({"b", "c", false}).size() == 1);
  CHECK(run.range() == KeyRange{"a", "m", false});
}
