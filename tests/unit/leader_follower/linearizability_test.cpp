// The checker itself: it must explain what can be explained, and nothing else.
#include "support/linearizability.hpp"

#include <catch2/catch.hpp>

using kvhost::testing::History;

TEST_CASE("linearizability: a register that behaves is explained") {
  History history;
  const auto first = history.begin_write("k", "a", 1);
  history.end(first, 3);
  const auto read = history.begin_read("k", 4);
  history.end_read(read, "a", 5);
  const auto erased = history.begin_write("k", std::nullopt, 6);
  history.end(erased, 7);
  const auto absent = history.begin_read("k", 8);
  history.end_read(absent, std::nullopt, 9);
  CHECK(history.check() == "");
  CHECK(history.ended() == 4);
}

TEST_CASE("linearizability: a read of the old value after the new one was acknowledged is caught") {
  History history;
  history.end(history.begin_write("k", "a", 1), 2);
  history.end(history.begin_write("k", "b", 3), 4);
  history.end_read(history.begin_read("k", 5), "a", 6);
  CHECK(history.check().find("key k is not linearizable") == 0);
}

TEST_CASE("linearizability: two readers that disagree on the order are caught") {
  History history;
  const auto a = history.begin_write("k", "a", 1);
  const auto b = history.begin_write("k", "b", 1);
  history.end_read(history.begin_read("k", 2), "a", 3);
  history.end_read(history.begin_read("k", 4), "b", 5);
  history.end_read(history.begin_read("k", 6), "a", 7);
  history.end(a, 8);
  history.end(b, 8);
  CHECK_FALSE(history.check().empty());
}

TEST_CASE("linearizability: an unknown outcome may show late, but not come and go") {
  History late;
  late.end(late.begin_write("k", "a", 1), 2);
  late.begin_write("k", "maybe", 3);
  late.end_read(late.begin_read("k", 10), "a", 11);
  late.end_read(late.begin_read("k", 12), "maybe", 13);
  CHECK(late.check() == "");

  History gone = late;
  gone.end_read(gone.begin_read("k", 14), "a", 15);
  CHECK_FALSE(gone.check().empty());
}

TEST_CASE("linearizability: what failed must not be seen, and keys do not mix") {
  History history;
  history.end(history.begin_write("x", "a", 1), 2);
  history.end_read(history.begin_read("y", 3), std::nullopt, 4);
  CHECK(history.check() == "");
  const auto failed = history.begin_write("y", "b", 5);
  history.failed(failed);
  history.end_read(history.begin_read("y", 6), "b", 7);
  CHECK_FALSE(history.check().empty());
}
