#include "compaction/job_admission.hpp"

#include <catch2/catch.hpp>

#include "compaction_story.hpp"
#include "version/version_builder.hpp"

using namespace kvhost;
using namespace kvhost::engine;
using namespace kvhost::engine::test;
using Catch::Contains;

namespace {

TableFilePtr file(uint64_t number, std::string smallest, std::string largest) {
  FileMetadata metadata;
  metadata.number = number;
  metadata.range = {std::move(smallest), std::move(largest), false};
  metadata.bytes = 10;
  metadata.entries = 1;
  return std::make_shared<TableFile>(metadata, std::make_shared<ObsoleteFiles>());
}

SortedRunPtr run(uint64_t id, uint32_t level, std::vector<TableFilePtr> files) {
  return std::make_shared<SortedRun>(id, level, std::move(files));
}

//   run 9  level 0  1:[a..m]
//   run 8  level 0  2:[c..f]  3:[p..r]
//   run 7  level 2  4:[a..e]  5:[g..k]  6:[q..z]
//   run 6  level 4  7:[a..z]
const Version kTree({run(9, 0, {file(1, "a", "m")}),
                     run(8, 0, {file(2, "c", "f"), file(3, "p", "r")}),
                     run(7, 2, {file(4, "a", "e"), file(5, "g", "k"), file(6, "q", "z")}),
                     run(6, 4, {file(7, "a", "z")})});

Job job(JobType type, std::vector<uint64_t> inputs, uint32_t level, uint64_t target = 0) {
  Job made = merge_of(std::move(inputs), level, target);
  made.type = type;
  return made;
}

std::string verdict(const Job& asked) {
  const auto placed = place_job(kTree, asked, {});
  return placed ? "ok" : placed.error().message();
}

}  // namespace

TEST_CASE("admission: what is allowed") {
  // All of level 0 with what it meets below.
  CHECK(verdict(job(JobType::kMerge, {1, 2, 3, 4, 5, 6}, 2, 7)) == "ok");
  // Within level 0.
  CHECK(verdict(job(JobType::kMerge, {1, 2, 3}, 0)) == "ok");
  // A neighbour in the newer run that only meets the older input's keys stays above.
  CHECK(verdict(job(JobType::kMerge, {5, 7}, 4, 6)) == "ok");
  // Into a new run between two levels.
  CHECK(verdict(job(JobType::kMerge, {4, 5, 6}, 3)) == "ok");
  CHECK(verdict(job(JobType::kMove, {4}, 3)) == "ok");
  // A whole run may change its label upwards, too.
  CHECK(verdict(job(JobType::kMove, {4, 5, 6}, 1)) == "ok");
  // A rewrite in place.
  CHECK(verdict(job(JobType::kMerge, {7}, 4, 6)) == "ok");
}

TEST_CASE("admission: where a new run stands") {
  const auto position = [](const Job& asked) { return place_job(kTree, asked, {})->position; };
  CHECK(position(job(JobType::kMerge, {1, 2, 3}, 0)) == 1);
  CHECK(position(job(JobType::kMerge, {1, 2, 3, 4, 5, 6}, 2)) == 2);
  CHECK(position(job(JobType::kMerge, {4, 5, 6}, 3)) == 3);
  CHECK(position(job(JobType::kMerge, {7}, 9)) == 4);
}

TEST_CASE("admission: newer data never passes older data, nor the other way") {
  CHECK_THAT(verdict(job(JobType::kMerge, {1}, 3)), Contains("table 1 would pass table 2"));
  CHECK_THAT(verdict(job(JobType::kMerge, {1, 4, 5}, 2, 7)), Contains("would pass table 2"));
  CHECK_THAT(verdict(job(JobType::kMerge, {2, 3}, 4)), Contains("would pass"));
  CHECK_THAT(verdict(job(JobType::kMove, {7}, 0, 9)), Contains("would pass"));
  CHECK_THAT(verdict(job(JobType::kMerge, {1, 7}, 4, 6)), Contains("would pass"));
}

TEST_CASE("admission: outputs must find their run free") {
  CHECK_THAT(verdict(job(JobType::kMerge, {4, 6, 1, 2, 3}, 2, 7)), Contains("table 5"));
  CHECK_THAT(verdict(job(JobType::kMove, {3}, 2, 7)), Contains("table 6"));
  CHECK_THAT(verdict(job(JobType::kMove, {1, 2}, 0)), Contains("are to be moved into one run"));
  CHECK_THAT(verdict(job(JobType::kMove, {4}, 2, 7)), Contains("to where they are"));
}

TEST_CASE("admission: nonsense is told by name") {
  CHECK_THAT(verdict(job(JobType::kMerge, {}, 2)), Contains("no input"));
  CHECK_THAT(verdict(job(JobType::kMerge, {1, 1}, 2)), Contains("named twice"));
  CHECK_THAT(verdict(job(JobType::kMerge, {42}, 2)), Contains("table 42"));
  CHECK_THAT(verdict(job(JobType::kMerge, {7}, 64)), Contains("the highest is 63"));
  CHECK_THAT(verdict(job(JobType::kMerge, {7}, 4, 99)), Contains("run 99 is not in the tree"));
  CHECK_THAT(verdict(job(JobType::kMerge, {7}, 3, 6)), Contains("is not in level 3"));
  CHECK_THAT(verdict(job(JobType::kMerge, {7}, 1)),
             Contains("cannot stand behind run 7 of level 2"));
  CHECK_THAT(verdict(job(JobType::kRewriteBlobs, {7}, 4)), Contains("no blob segments"));
  CHECK_THAT(verdict(job(static_cast<JobType>(77), {7}, 4)), Contains("unknown type 77"));
  CHECK_THAT(verdict(job(JobType::kDropOldestLossy, {7}, 4)), Contains("has not allowed"));
  Job clipped = job(JobType::kMerge, {7}, 4, 6);
  clipped.clip_start = "b";
  CHECK_THAT(verdict(clipped), Contains("clip"));
  clipped.clip_start = "a";
  CHECK(verdict(clipped) == "ok");
  Job chatty = job(JobType::kMerge, {7}, 4, 6);
  chatty.policy_state = std::string(5000, 's');
  CHECK_THAT(verdict(chatty), Contains("5000 bytes of policy state"));
}

TEST_CASE("admission: jobs that meet in runs and keys do not run together") {
  const auto placed = [](const Job& asked) {
    auto place = place_job(kTree, asked, {});
    REQUIRE(place);
    return std::move(*place);
  };
  const JobPlacement lower = placed(job(JobType::kMerge, {5, 7}, 4, 6));
  const std::vector<JobPlacement> running = {lower};
  CHECK(check_conflicts(placed(job(JobType::kMerge, {1, 2, 3}, 0)), running).is_ok());
  CHECK(check_conflicts(placed(job(JobType::kMerge, {7}, 4, 6)), running).code() ==
        StatusCode::CONFLICT);
  // The same keys, and the runs in between are what the other works on.
  CHECK(check_conflicts(placed(job(JobType::kMove, {4}, 3)), running).code() ==
        StatusCode::CONFLICT);
  const std::vector<JobPlacement> beside = {placed(job(JobType::kMove, {6}, 3))};
  CHECK(check_conflicts(placed(job(JobType::kMove, {4}, 3)), beside).is_ok());
}
