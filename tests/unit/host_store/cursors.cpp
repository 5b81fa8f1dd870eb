#include <algorithm>
#include <map>
#include <random>

#include "store/cursor.hpp"
#include "unit/host_store/store_fixture.hpp"

namespace kvhost::host::testing {
namespace {

using Rows = std::vector<std::pair<std::string, std::string>>;

Rows walk(const StoreFixture& node, const RangeRequest& range, uint64_t rows, uint64_t bytes,
          const Call& how) {
  const auto cursor = node.store().open_cursor(how, range);
  REQUIRE(cursor.has_value());
  Rows all;
  while (true) {
    const auto page = node.start_page(how, *cursor, rows, bytes);
    page->wait();
    REQUIRE(page->status.is_ok());
    if (page->rows.empty()) break;
    CHECK(page->rows.size() <= rows);
    for (auto& row : page->rows) all.push_back(std::move(row));
  }
  node.store().close_cursor(how.session, *cursor);
  return all;
}

Rows expected(const std::map<std::string, std::string>& model, const RangeRequest& range) {
  Rows rows;
  for (const auto& [key, value] : model) {
    if (key < range.start || (range.end && key >= *range.end)) continue;
    rows.emplace_back(key, range.keys_only ? "" : value);
  }
  if (range.reverse) std::reverse(rows.begin(), rows.end());
  return rows;
}

}  // namespace

TEST_CASE("pages of any size, both ways, equal a model") {
  StoreFixture node;
  std::map<std::string, std::string> model;
  const auto seed = std::random_device{}();
  INFO("seed " << seed);
  std::mt19937 random(seed);
  const auto number = [&](uint32_t below) { return static_cast<uint32_t>(random() % below); };
  const auto key = [&] {
    std::string made;
    for (uint32_t i = number(4); i > 0; --i) made.push_back(static_cast<char>('a' + number(3)));
    return made;
  };
  for (int i = 0; i < 150; ++i) {
    const std::string name = key() + key();
    if (number(4) == 0) {
      WriteRequest request;
      request.erase(name);
      node.write(request);
      model.erase(name);
    } else {
      const std::string value(number(40), 'v');
      node.put(name, value);
      model[name] = value;
    }
    if (i == 70) REQUIRE(node.engine->flush().is_ok());
  }
  for (int i = 0; i < 60; ++i) {
    const std::string start = key();
    const std::string end = key();
    RangeRequest range{start, std::nullopt, number(2) == 0, number(3) == 0};
    if (number(3) != 0) range.end = end;
    const Rows rows = walk(node, range, 1 + number(7), 1 + number(100), node.call());
    CHECK(rows == expected(model, range));
  }
}

TEST_CASE("a cursor reads one state, whatever is written meanwhile") {
  StoreFixture node;
  for (const char* key : {"a", "b", "c"}) node.put(key, "old");
  const auto cursor = node.store().open_cursor(node.call(), {});
  REQUIRE(cursor.has_value());
  CHECK(node.finished(node.start_page(node.call(), *cursor, 1)).rows.at(0).first == "a");
  node.put("b", "new");
  node.put("bb", "new");
  const auto rest = node.start_page(node.call(), *cursor, 10);
  CHECK(node.finished(rest).rows == Rows{{"b", "old"}, {"c", "old"}});
}

TEST_CASE("a cursor on a snapshot outlives the snapshot") {
  StoreFixture node;
  node.put("a", "1");
  const auto snapshot = node.store().open_snapshot(node.call());
  node.put("b", "2");
  Call pinned = node.call();
  pinned.snapshot = *snapshot;
  const auto cursor = node.store().open_cursor(pinned, {});
  node.store().close_snapshot(node.session, *snapshot);
  CHECK(node.finished(node.start_page(node.call(), *cursor, 10)).rows == Rows{{"a", "1"}});
}

TEST_CASE("a page has at least one row, however small its budget") {
  StoreFixture node;
  node.put("a", std::string(5'000, 'v'));
  node.put("b", std::string(5'000, 'v'));
  const auto cursor = node.store().open_cursor(node.call(), {});
  const auto page = node.start_page(node.call(), *cursor, 10, 1);
  CHECK(node.finished(page).rows.size() == 1);
  CHECK(node.finished(node.start_page(node.call(), *cursor, 10, 0)).rows.size() == 1);
  CHECK(node.finished(node.start_page(node.call(), *cursor, 10, 0)).rows.empty());
  CHECK(node.finished(node.start_page(node.call(), *cursor, 10, 0)).rows.empty());
}

TEST_CASE("a page that was unread comes again") {
  StoreFixture node;
  for (const char* key : {"a", "b", "c", "d", "e"}) node.put(key, "v");
  for (const bool reverse : {false, true}) {
    Cursor cursor({0, "", std::nullopt}, reverse, false);
    REQUIRE(cursor.open(*node.engine, {}).is_ok());
    REQUIRE(cursor.read_page(1, 100, 0).has_value());
    const auto lost = cursor.read_page(2, 100, 0);
    REQUIRE(lost->rows().size() == 2);
    cursor.unread(*lost);
    const auto again = cursor.read_page(10, 100, 0);
    CHECK(again->rows().size() == 4);
    CHECK(again->first_key() == lost->first_key());
    cursor.unread(*again);
    cursor.unread(*cursor.read_page(10, 100, 0));
    CHECK(cursor.read_page(10, 100, 0)->rows().size() == 4);
    CHECK(cursor.read_page(10, 100, 0)->rows().empty());
  }
}

TEST_CASE("a page that was withdrawn before it was read loses no row") {
  Counter reached[2];
  Counter go_on[2];
  StoreFixture node;
  for (const char* key : {"a", "b", "c", "d"}) node.put(key, "v");
  for (const bool reverse : {false, true}) {
    // Both threads of the lane wait, so that the call is withdrawn in the queue.
    RangeRequest range;
    range.reverse = reverse;
    const auto cursor = node.store().open_cursor(node.call(), range);
    REQUIRE(cursor.has_value());
    CHECK(node.finished(node.start_page(node.call(), *cursor, 1)).rows.size() == 1);
    Status blocked_first = node.executor.post(KVH_LANE_READ, [&, reverse] {
      reached[reverse].add();
      go_on[reverse].wait_for(1);
    });
    Status blocked_second = node.executor.post(KVH_LANE_READ, [&, reverse] {
      reached[reverse].add();
      go_on[reverse].wait_for(1);
    });
    REQUIRE((blocked_first.is_ok() && blocked_second.is_ok()));
    reached[reverse].wait_for(2);
    Call how = node.call();
    how.token = 7;
    const auto withdrawn = node.start_page(how, *cursor, 2);
    node.store().cancel(node.session, 7);
    CHECK(node.finished(withdrawn).status.code() == StatusCode::CANCELLED);
    CHECK(node.finished(node.start_page(node.call(), *cursor, 2)).status.code() ==
          StatusCode::INVALID_ARGUMENT);
    go_on[reverse].add();
    AnswerPtr again;
    do {
      again = node.start_page(node.call(), *cursor, 10);
      again->wait();
    } while (again->status.code() == StatusCode::INVALID_ARGUMENT);
    CHECK(again->rows.size() == 3);
    CHECK(again->rows.at(0).first == (reverse ? "c" : "b"));
  }
}

TEST_CASE("cursors of others and closed ones are unknown") {
  StoreFixture node;
  const auto cursor = node.store().open_cursor(node.call(), {});
  const auto other = node.store().open_session("test", "b");
  Call theirs = node.call();
  theirs.session = *other;
  CHECK(node.finished(node.start_page(theirs, *cursor, 1)).status.code() ==
        StatusCode::INVALID_ARGUMENT);
  node.store().close_cursor(node.session, *cursor);
  CHECK(node.finished(node.start_page(node.call(), *cursor, 1)).status.code() ==
        StatusCode::INVALID_ARGUMENT);
  CHECK(node.facade->counters().cursors == 0);
}

}  // namespace kvhost::host::testing
