// Power is lost, or a call fails, at every step of an install: the old state is there or the new
// one.
#include "state_world.hpp"

namespace kvhost::engine::testing {
namespace {

struct Sender {
  Sender() {
    replica.open();
    REQUIRE(replica.apply_to(150).is_ok());
    manifest = replica.make_checkpoint();
    digest = replica.digest();
  }
  Replica replica;
  StateManifest manifest;
  StateDigest digest;
};

void open_target(Replica& target) {
  target.open();
  REQUIRE(target.apply_to(10).is_ok());
  REQUIRE(target.engine->flush().is_ok());
}

// The target holds all of the old state or all of the new one.
void check_either(Replica& target, const StateDigest& old_digest, const Sender& sender) {
  const uint64_t index = target.engine->applied_position().index;
  INFO("the state is at index " << index);
  REQUIRE((index == 10 || index == 150));
  CHECK(target.digest() == (index == 10 ? old_digest : sender.digest));
}

}  // namespace

TEST_CASE("power is lost at the n-th call of an install, for every n") {
  Sender sender;
  uint64_t old_ones = 0;
  uint64_t new_ones = 0;
  for (uint64_t n = 1;; ++n) {
    INFO("call " << n);
    Replica target;
    open_target(target);
    const StateDigest old_digest = target.digest();
    target.disk.set_crash_after(n, n);
    const Status ended = install(sender.replica, sender.manifest, target);
    if (ended.is_ok()) static_cast<void>(wait_until_retired(*target.engine));
    const bool died = target.disk.is_dead();
    if (!died) REQUIRE(ended.is_ok());
    target.engine.reset();
    target.disk.crash({true, n});
    target.open();
    check_either(target, old_digest, sender);
    (target.engine->applied_position().index == 10 ? old_ones : new_ones) += 1;
    // Whichever it is, the install can be made again.
    if (n % 4 == 0) {
      REQUIRE(install(sender.replica, sender.manifest, target).is_ok());
      CHECK(target.digest() == sender.digest);
    }
    if (!died) break;
  }
  CHECK(old_ones > 10);
  CHECK(new_ones > 2);
}

TEST_CASE("a call of an install fails once, for every call") {
  const std::string how = GENERATE("once EIO", "once ENOSPC");
  Sender sender;
  for (uint64_t n = 1;; ++n) {
    INFO("call " << n << " " << how);
    Replica target;
    open_target(target);
    const StateDigest old_digest = target.digest();
    target.faults.fail("create,append,sync,syncdir,rename,mkdir,preallocate,write * nth=" +
                       std::to_string(n) + " " + how);
    const Status ended = install(sender.replica, sender.manifest, target);
    if (!ended.is_ok() && target.engine->background_error().is_ok()) {
      // The old state goes on serving.
      CHECK(target.digest() == old_digest);
    }
    if (ended.is_ok()) CHECK(target.digest() == sender.digest);
    const bool fired = target.faults.faults() > 0;
    target.faults.heal();
    target.engine.reset();
    target.disk.crash({true, n});
    target.open();
    check_either(target, old_digest, sender);
    if (!fired) break;
  }
}

}  // namespace kvhost::engine::testing
