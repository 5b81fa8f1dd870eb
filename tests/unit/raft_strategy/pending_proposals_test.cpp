#include "pending_proposals.hpp"

#include <catch2/catch.hpp>
#include <cstring>
#include <thread>
#include <vector>

#include "monotonic.hpp"

namespace kvhost::raft {
namespace {

// Hears what becomes of one call.
struct Caller {
  std::vector<std::pair<uint64_t, StatusCode>> results;
  std::vector<StatusCode> ends;

  ProposalDone done() {
    return {{[](void* ctx, uint64_t offset, int32_t code, const kvh_result*,
                const kvh_error*) noexcept {
               static_cast<Caller*>(ctx)->results.emplace_back(offset,
                                                               static_cast<StatusCode>(code));
             },
             this},
            {[](void* ctx, int32_t code, const kvh_error*) noexcept {
               static_cast<Caller*>(ctx)->ends.push_back(static_cast<StatusCode>(code));
             },
             this}};
  }
};

struct Frame {
  uint64_t number;
  uint64_t patience_ns;
  std::string batch;
};

std::vector<Frame> read_frames(const std::string& bytes) {
  std::vector<Frame> frames;
  for (std::size_t at = 0; at < bytes.size();) {
    uint64_t head[3];
    std::memcpy(head, bytes.data() + at, sizeof(head));
    at += sizeof(head) + 40;
    frames.push_back({head[0], head[1], bytes.substr(at, head[2])});
    at += head[2];
  }
  return frames;
}

std::vector<Frame> take(PendingProposals& proposals, uint64_t capacity) {
  std::string buffer(capacity, '?');
  buffer.resize(proposals.take(buffer.data(), buffer.size()));
  return read_frames(buffer);
}

uint64_t in_a_minute() { return monotonic_ns() + 60'000'000'000; }

}  // namespace

TEST_CASE("raft proposals: frames carry number, patience and batch in the order of proposing") {
  PendingProposals proposals(100);
  Caller caller;
  const std::vector<std::string_view> batches = {"first", "", "third"};
  REQUIRE(proposals.add(batches, in_a_minute(), caller.done()));
  CHECK(proposals.waiting_bytes() == 3 * 64 + 10);
  const auto frames = take(proposals, proposals.waiting_bytes());
  REQUIRE(frames.size() == 3);
  CHECK(frames[0].number == 100);
  CHECK(frames[0].batch == "first");
  CHECK(frames[1].batch.empty());
  CHECK(frames[2].number == 102);
  CHECK(frames[2].batch == "third");
  CHECK(frames[0].patience_ns > 50'000'000'000);
  CHECK(frames[0].patience_ns <= 60'000'000'000);
  CHECK(proposals.waiting_bytes() == 0);
  CHECK(caller.ends.empty());
}

TEST_CASE("raft proposals: what does not fit the buffer stays") {
  PendingProposals proposals(1);
  Caller caller;
  const std::vector<std::string_view> batches = {"0123456789", "0123456789"};
  REQUIRE(proposals.add(batches, in_a_minute(), caller.done()));
  CHECK(take(proposals, 73).empty());
  CHECK(take(proposals, 147).size() == 1);
  CHECK(take(proposals, 74).size() == 1);
  CHECK(take(proposals, 1000).empty());
}

TEST_CASE("raft proposals: a call ends when its last batch is told, each batch once") {
  PendingProposals proposals(1);
  Caller caller;
  const std::vector<std::string_view> batches = {"a", "b"};
  REQUIRE(proposals.add(batches, in_a_minute(), caller.done()));
  proposals.tell(2, Status(StatusCode::OUTCOME_UNKNOWN, "who knows"), nullptr);
  CHECK(caller.ends.empty());
  proposals.tell(2, {}, nullptr);
  proposals.tell(7, {}, nullptr);
  CHECK(caller.results.size() == 1);
  proposals.tell(1, {}, nullptr);
  CHECK(caller.results == std::vector<std::pair<uint64_t, StatusCode>>{
                              {1, StatusCode::OUTCOME_UNKNOWN}, {0, StatusCode::OK}});
  CHECK(caller.ends == std::vector<StatusCode>{StatusCode::OK});
}

TEST_CASE("raft proposals: beyond the limit nothing is taken") {
  PendingProposals proposals(1);
  Caller caller;
  const std::vector<std::string_view> one = {"x"};
  for (std::size_t i = 0; i < PendingProposals::kMaxPending; ++i) {
    REQUIRE(proposals.add(one, in_a_minute(), caller.done()));
  }
  const Status refused = proposals.add(one, in_a_minute(), caller.done());
  CHECK(refused.code() == StatusCode::OVERLOADED);
  CHECK(refused.message().find("65536") != std::string::npos);
  proposals.tell(5, {}, nullptr);
  CHECK(proposals.add(one, in_a_minute(), caller.done()));
}

TEST_CASE("raft proposals: threads propose, take and tell at once") {
  constexpr int kCalls = 2000;
  PendingProposals proposals(1);
  std::vector<Caller> callers(kCalls);
  std::thread proposer([&] {
    const std::vector<std::string_view> one = {"batch"};
    for (auto& caller : callers) REQUIRE(proposals.add(one, in_a_minute(), caller.done()));
  });
  int told = 0;
  while (told < kCalls) {
    for (const auto& frame : take(proposals, 4096)) {
      CHECK(frame.batch == "batch");
      proposals.tell(frame.number, {}, nullptr);
      ++told;
    }
    std::this_thread::yield();
  }
  proposer.join();
  for (const auto& caller : callers) CHECK(caller.ends.size() == 1);
}

}  // namespace kvhost::raft
