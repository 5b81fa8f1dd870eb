#include "version/key_range.hpp"

#include <catch2/catch.hpp>

using namespace kvhost::engine;

TEST_CASE("key ranges: an exclusive end lets the next table begin there") {
  const KeyRange left{"a", "m", true};
  const KeyRange right{"m", "z", false};
  CHECK_FALSE(left.overlaps(right));
  CHECK_FALSE(right.overlaps(left));
  CHECK(KeyRange{"a", "m", false}.overlaps(right));
  CHECK_FALSE(left.contains("m"));
  CHECK(left.contains("lzzz"));
  CHECK(right.contains("m"));
}

TEST_CASE("key ranges: overlap with a half-open stretch") {
  const KeyRange range{"d", "k", false};
  CHECK(range.overlaps("", ""));
  CHECK(range.overlaps("k", ""));
  CHECK_FALSE(range.overlaps("k\x01", ""));
  CHECK_FALSE(range.overlaps("", "d"));
  CHECK(range.overlaps("", "d\x01"));
}

TEST_CASE("key ranges: extending keeps the widest ends") {
  KeyRange hull{"d", "k", true};
  hull.extend({"e", "k", false});
  CHECK(hull == KeyRange{"d", "k", false});
  hull.extend({"c", "f", false});
  CHECK(hull == KeyRange{"c", "k", false});
  hull.extend({"c", "k", true});
  CHECK(hull == KeyRange{"c", "k", false});
}
