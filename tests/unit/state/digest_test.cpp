// Equal records give equal digests, whatever the trees look like; anything else does not.
#include "state_world.hpp"

namespace kvhost::engine::testing {

TEST_CASE("replicas with other trees and the same records have the same digest") {
  Replica one;
  one.open();
  REQUIRE(one.apply_to(300).is_ok());
  Replica other;
  other.open();
  for (uint64_t index = 30; index <= 300; index += 30) {
    REQUIRE(other.apply_to(index).is_ok());
    REQUIRE(other.engine->flush().is_ok());
  }
  REQUIRE(other.engine->compact(std::nullopt).is_ok());
  CHECK(one.digest() == other.digest());
  CHECK(one.digest().records > 40);
}

TEST_CASE("one record more, less, or another changes the digest") {
  Replica one;
  one.open();
  REQUIRE(one.apply_to(100).is_ok());
  const StateDigest before = one.digest();
  REQUIRE(one.apply_to(101).is_ok());
  CHECK_FALSE(one.digest() == before);
}

TEST_CASE("the same value under another version is another state") {
  const auto state_after = [](int writes) {
    Replica replica;
    replica.open();
    for (int i = 1; i <= writes; ++i) {
      WriteBatch batch;
      batch.put(0, "k", "v");
      const OrderedBatch ordered{1'000, batch.bytes()};
      REQUIRE(
          replica.engine->apply({"test", 1, 1, static_cast<uint64_t>(i)}, std::span(&ordered, 1))
              .has_value());
    }
    return replica.digest();
  };
  CHECK_FALSE(state_after(1) == state_after(2));
}

TEST_CASE("a key that has expired at the time given does not count") {
  Replica replica;
  replica.open();
  WriteBatch batch;
  batch.put(0, "k", "v", Expiry::at_ms(5'000));
  const OrderedBatch ordered{1'000, batch.bytes()};
  REQUIRE(replica.engine->apply({"test", 1, 1, 1}, std::span(&ordered, 1)).has_value());
  const auto snapshot = replica.engine->snapshot();
  const std::vector<uint32_t> spaces{0};
  CHECK(digest_state(*replica.engine, *snapshot, spaces, "", std::nullopt, 4'999)->records == 1);
  CHECK(digest_state(*replica.engine, *snapshot, spaces, "", std::nullopt, 5'000)->records == 0);
  CHECK(digest_state(*replica.engine, *snapshot, spaces, "l", std::nullopt, 4'999)->records == 0);
}

}  // namespace kvhost::engine::testing
