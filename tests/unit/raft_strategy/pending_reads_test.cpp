#include "pending_reads.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <vector>

namespace kvhost::raft {
namespace {

using Level = PendingReads::Level;

// Hears what becomes of its barriers.
struct Reader {
  std::vector<kvh_barrier> granted;
  std::vector<StatusCode> refused;

  BarrierDone done() {
    return {{[](void* ctx, const kvh_barrier* barrier) noexcept {
               static_cast<Reader*>(ctx)->granted.push_back(*barrier);
             },
             this},
            {[](void* ctx, int32_t code, const kvh_error*) noexcept {
               if (code != KVH_OK) {
                 static_cast<Reader*>(ctx)->refused.push_back(static_cast<StatusCode>(code));
               }
             },
             this}};
  }
};

}  // namespace

TEST_CASE("raft reads: a batch holds all that waited, each level its own") {
  PendingReads reads;
  Reader reader;
  CHECK(reads.take(Level::kQuorum) == 0);
  REQUIRE(reads.add(Level::kQuorum, 100, reader.done()));
  REQUIRE(reads.add(Level::kQuorum, 100, reader.done()));
  REQUIRE(reads.add(Level::kLeader, 100, reader.done()));
  const uint64_t quorum = reads.take(Level::kQuorum);
  const uint64_t leader = reads.take(Level::kLeader);
  CHECK(quorum != 0);
  CHECK(leader != quorum);
  CHECK(reads.take(Level::kQuorum) == 0);
  reads.ready(leader, 0, 7);
  CHECK(reader.granted.size() == 1);
  reads.failed(quorum, Status(StatusCode::NO_QUORUM, "none"));
  CHECK(reader.refused == std::vector<StatusCode>{StatusCode::NO_QUORUM, StatusCode::NO_QUORUM});
}

TEST_CASE("raft reads: a grant waits until the state has reached its index") {
  PendingReads reads;
  Reader reader;
  reads.applied(9, 1);
  REQUIRE(reads.add(Level::kQuorum, 100, reader.done()));
  reads.ready(reads.take(Level::kQuorum), 10, 500);
  CHECK(reader.granted.empty());
  reads.applied(11, 600);
  REQUIRE(reader.granted.size() == 1);
  CHECK(reader.granted[0].index == 11);
  CHECK(reader.granted[0].now_ms == 600);
  REQUIRE(reads.add(Level::kQuorum, 100, reader.done()));
  reads.ready(reads.take(Level::kQuorum), 11, 700);
  REQUIRE(reader.granted.size() == 2);
  CHECK(reader.granted[1].now_ms == 700);
}

TEST_CASE("raft reads: what is late is refused wherever it waits") {
  PendingReads reads;
  Reader late;
  Reader patient;
  REQUIRE(reads.add(Level::kQuorum, 10, late.done()));
  const uint64_t asked = reads.take(Level::kQuorum);
  REQUIRE(reads.add(Level::kQuorum, 10, late.done()));
  REQUIRE(reads.add(Level::kQuorum, 90, patient.done()));
  const uint64_t mixed = reads.take(Level::kQuorum);
  REQUIRE(reads.add(Level::kLeader, 10, late.done()));
  REQUIRE(reads.add(Level::kQuorum, 10, late.done()));
  reads.ready(reads.take(Level::kQuorum), 5, 0);  // the state is behind
  CHECK(reads.expire(10) == std::vector<uint64_t>{asked});
  REQUIRE(late.refused.size() == 4);
  CHECK(std::count(late.refused.begin(), late.refused.end(), StatusCode::NO_QUORUM) == 3);
  CHECK(std::count(late.refused.begin(), late.refused.end(), StatusCode::DEADLINE_EXCEEDED) == 1);
  reads.ready(asked, 0, 0);
  CHECK(late.granted.empty());
  reads.ready(mixed, 0, 0);
  CHECK(patient.granted.size() == 1);
}

TEST_CASE("raft reads: at the end everybody is told") {
  PendingReads reads;
  Reader reader;
  REQUIRE(reads.add(Level::kQuorum, 10, reader.done()));
  (void)reads.take(Level::kQuorum);
  REQUIRE(reads.add(Level::kLeader, 10, reader.done()));
  reads.refuse_all(Status(StatusCode::DRAINING, "the end"));
  CHECK(reader.refused.size() == 2);
  reads.refuse_all(Status(StatusCode::DRAINING, "the end"));
  CHECK(reader.refused.size() == 2);
}

}  // namespace kvhost::raft
