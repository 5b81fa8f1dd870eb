#include "format/merging_iterator.hpp"

#include <catch2/catch.hpp>

#include "memtable/memtable.hpp"
#include "unit/format/record_model.hpp"

using namespace kvhost;
using namespace kvhost::engine;
using namespace kvhost::engine::test;

namespace {

// A source that breaks down after some records.
class FailingIterator final : public RecordIterator {
 public:
  explicit FailingIterator(int good_records) : left_(good_records) {}
  void seek_to_first() override { place(); }
  void seek_to_last() override { place(); }
  void seek(std::string_view, SequenceNumber) override { place(); }
  void seek_for_prev(std::string_view, SequenceNumber) override { place(); }
  void next() override { step(); }
  void prev() override { step(); }
  Status status() const override {
    if (left_ > 0) return {};
    return {StatusCode::IO_ERROR, "the source broke down"};
  }

 private:
  void place() {
    key_ = "f00";
    show();
  }
  void step() {
    --left_;
    key_ += "x";
    show();
  }
  void show() {
    record_ = {key_, {}, 1};
    current_ = left_ > 0 ? &record_ : nullptr;
  }
  int left_;
  std::string key_;
  Record record_;
};

}  // namespace

TEST_CASE("merging iterator: like one sorted list, both ways, with every number of sources") {
  const uint64_t seed = random_seed();
  INFO("seed " << seed);
  Random random(seed);
  for (int round = 0; round < 40; ++round) {
    const std::size_t count = random.below(9);
    std::vector<Memtable> tables(count);
    RecordModel model;
    SequenceNumber sequence = 1;
    for (uint64_t i = 0; count > 0 && i < random.below(400); ++i) {
      const OwnedRecord record = random_record(
          random, random.one_in(3) ? "same head" + nasty_key(random) : nasty_key(random),
          sequence++);
      tables[random.below(count)].add(record.view());
      model.add(record);
    }
    std::vector<std::unique_ptr<RecordIterator>> sources;
    for (const Memtable& table : tables) sources.push_back(table.iterator());
    const auto merged = make_merging_iterator(std::move(sources));
    walk_like_the_model(*merged, model, random, 120);
  }
}

TEST_CASE("merging iterator: equal records come by the order of their sources, and none is lost") {
  std::vector<Memtable> tables(3);
  for (const char* key : {"a", "b", "c"}) {
    for (Memtable& table : tables) table.add({key, "v", 7});
  }
  std::vector<std::unique_ptr<RecordIterator>> sources;
  for (const Memtable& table : tables) sources.push_back(table.iterator());
  const auto merged = make_merging_iterator(std::move(sources));
  const auto at = [&merged] { return std::string(merged->record().key); };
  // There and back from every place: each of the nine is met once per pass.
  for (int turn = 1; turn <= 9; ++turn) {
    merged->seek_to_first();
    std::string forth = at();
    for (int i = 1; i < turn; ++i) {
      merged->next();
      forth += at();
    }
    std::string back;
    for (; merged->valid(); merged->prev()) back = at() + back;
    INFO(turn);
    CHECK(back == forth);
    CHECK(forth == std::string("aaabbbccc").substr(0, static_cast<std::size_t>(turn)));
  }
}

TEST_CASE("merging iterator: a source that fails ends the walk with its error") {
  Memtable table;
  for (int i = 0; i < 10; ++i) table.add({"f0" + std::to_string(i), "v", 1});
  std::vector<std::unique_ptr<RecordIterator>> sources;
  sources.push_back(table.iterator());
  sources.push_back(std::make_unique<FailingIterator>(3));
  const auto merged = make_merging_iterator(std::move(sources));
  merged->seek_to_first();
  int records = 0;
  for (; merged->valid(); merged->next()) ++records;
  CHECK(records < 10);
  CHECK(merged->status().code() == StatusCode::IO_ERROR);
}
