// What the memtable, tables and their iterators are compared with: records in a std::map, keys that
// hurt, and a random walk of an iterator beside the map's.
//
// Threads:   one.
#pragma once

#include <catch2/catch.hpp>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/random.hpp"
#include "format/record.hpp"
#include "format/record_iterator.hpp"

namespace kvhost::engine::test {

struct OwnedRecord {
  std::string key;
  std::string value;
  SequenceNumber sequence = 0;
  RecordType type = RecordType::kPut;
  uint64_t expires_at_ms = 0;

  Record view() const { return {key, value, sequence, type, expires_at_ms}; }
  friend bool operator==(const OwnedRecord&, const OwnedRecord&) = default;
};

inline OwnedRecord owned(const Record& record) {
  return {std::string(record.key), std::string(record.value), record.sequence, record.type,
          record.expires_at_ms};
}

struct InternalOrder {
  using Place = std::pair<std::string, SequenceNumber>;
  bool operator()(const Place& a, const Place& b) const {
    return compare_internal(a.first, a.second, b.first, b.second) < 0;
  }
};

class RecordModel {
 public:
  using Map = std::map<InternalOrder::Place, OwnedRecord, InternalOrder>;

  void add(OwnedRecord record) {
    InternalOrder::Place place{record.key, record.sequence};
    records_.insert_or_assign(std::move(place), std::move(record));
  }
  const Map& records() const { return records_; }
  // The newest version at or below the snapshot.
  const OwnedRecord* get(const std::string& key, SequenceNumber snapshot) const {
    const auto at = records_.lower_bound({key, snapshot});
    return at != records_.end() && at->second.key == key ? &at->second : nullptr;
  }

 private:
  Map records_;
};

// Keys that break trees and encodings: empty, prefixes of each other, zeros, 0xFF, very long ones.
inline std::string nasty_key(Random& random) {
  const auto from_alphabet = [&random](std::string_view alphabet, std::size_t length) {
    std::string key;
    for (std::size_t i = 0; i < length; ++i) key.push_back(alphabet[random.below(alphabet.size())]);
    return key;
  };
  using namespace std::string_view_literals;
  switch (random.below(8)) {
    case 0:
      return from_alphabet("\0\xFF"sv, random.below(12));
    case 1:
      return from_alphabet("\0\1\x7F\x80\xFE\xFF"sv, random.below(20));
    case 2:
      return std::string(random.below(40), 'a');
    case 3:
      return "user:" + std::to_string(random.below(300));
    case 4: {
      // Long keys that part late.
      std::string key(random.one_in(20) ? 65536 : 300, 'k');
      key[key.size() - 1 - random.below(20)] = static_cast<char>(random.next());
      return key;
    }
    case 5:
      return from_alphabet("ab"sv, random.below(24));
    case 6: {
      std::string key(16, '0');
      const std::string digits = std::to_string(random.below(100000));
      return key.substr(digits.size()) + digits;
    }
    default: {
      std::string key(1 + random.below(3), '\0');
      for (char& byte : key) byte = static_cast<char>(random.next());
      return key;
    }
  }
}

inline OwnedRecord random_record(Random& random, std::string key, SequenceNumber sequence) {
  OwnedRecord record{std::move(key), {}, sequence};
  if (random.one_in(6)) {
    record.type = RecordType::kTombstone;
    return record;
  }
  record.value.assign(random.below(random.one_in(30) ? 9000 : 60), 'v');
  for (char& byte : record.value) byte = static_cast<char>('a' + (sequence + random.below(4)) % 26);
  if (random.one_in(4)) record.expires_at_ms = 1 + random.below(uint64_t{1} << 42);
  return record;
}

// Seeks and steps both ways at random; every place must be the model's.
inline void walk_like_the_model(RecordIterator& iterator, const RecordModel& model, Random& random,
                                int steps) {
  const auto& records = model.records();
  auto expected = records.end();
  const auto check = [&](const char* what) {
    INFO("after " << what);
    REQUIRE(iterator.status().is_ok());
    REQUIRE(iterator.valid() == (expected != records.end()));
    if (expected != records.end()) REQUIRE(owned(iterator.record()) == expected->second);
  };
  const auto random_place = [&]() -> InternalOrder::Place {
    if (!records.empty() && !random.one_in(3)) {
      auto at = records.begin();
      std::advance(at, static_cast<std::ptrdiff_t>(random.below(records.size())));
      const SequenceNumber sequence = at->first.second;
      switch (random.below(4)) {
        case 0:
          return {at->first.first, kMaxSequence};
        case 1:
          return {at->first.first, 0};
        case 2:
          return {at->first.first, sequence > 0 ? sequence - 1 : 0};
        default:
          return at->first;
      }
    }
    return {nasty_key(random), random.one_in(2) ? kMaxSequence : random.below(2000)};
  };
  for (int i = 0; i < steps; ++i) {
    switch (random.below(10)) {
      case 0:
        iterator.seek_to_first();
        expected = records.begin();
        check("seek_to_first");
        break;
      case 1:
        iterator.seek_to_last();
        expected = records.empty() ? records.end() : std::prev(records.end());
        check("seek_to_last");
        break;
      case 2: {
        const auto place = random_place();
        iterator.seek(place.first, place.second);
        expected = records.lower_bound(place);
        check("seek");
        break;
      }
      case 3: {
        const auto place = random_place();
        iterator.seek_for_prev(place.first, place.second);
        expected = records.upper_bound(place);
        expected = expected == records.begin() ? records.end() : std::prev(expected);
        check("seek_for_prev");
        break;
      }
      default:
        for (uint64_t run = random.below(12); run > 0 && iterator.valid(); --run) {
          if (random.one_in(2)) {
            iterator.next();
            ++expected;
            check("next");
          } else {
            iterator.prev();
            expected = expected == records.begin() ? records.end() : std::prev(expected);
            check("prev");
          }
        }
    }
  }
}

}  // namespace kvhost::engine::test
