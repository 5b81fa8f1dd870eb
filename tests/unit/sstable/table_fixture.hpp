// Tables in memory for the tests: files that are strings, and builders and readers over them.
//
// Threads:   a StringFile may be read by any; the rest one.
#pragma once

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "kvhost/engine/file_system.hpp"
#include "sstable/table_builder.hpp"
#include "sstable/table_reader.hpp"
#include "unit/format/record_model.hpp"

namespace kvhost::engine::test {

class StringFile final : public RandomAccessFile {
 public:
  explicit StringFile(std::string bytes) : bytes_(std::move(bytes)) {}
  Result<std::size_t> read_at(uint64_t offset, std::span<char> out) const override {
    if (offset >= bytes_.size()) return std::size_t{0};
    const std::size_t count = std::min<std::size_t>(out.size(), bytes_.size() - offset);
    std::memcpy(out.data(), bytes_.data() + offset, count);
    return count;
  }
  Result<uint64_t> size() const override { return uint64_t{bytes_.size()}; }
  void will_need(uint64_t, uint64_t) const override {}

 private:
  std::string bytes_;
};

// Appends to a string that outlives it. From the call `fail_at` on (0 = never) everything fails.
class StringSink final : public WritableFile {
 public:
  explicit StringSink(std::string& bytes, int fail_at = 0) : bytes_(bytes), fail_at_(fail_at) {}
  Status append(std::string_view data) override {
    KVHOST_TRY(call());
    bytes_.append(data);
    return Status::ok();
  }
  Status sync() override { return call(); }
  Status close() override { return call(); }

 private:
  Status call() {
    ++calls_;
    if (fail_at_ == 0 || calls_ < fail_at_) return Status::ok();
    return {StatusCode::NO_SPACE, "sink: write: No space left on device"};
  }
  std::string& bytes_;
  const int fail_at_;
  int calls_ = 0;
};

inline TableOptions options_for_test() {
  TableOptions options;
  options.identity = {0x0123456789ABCDEF, 0xFEDCBA9876543210};
  return options;
}

struct BuiltTable {
  std::string bytes;
  TableProperties properties;
};

inline BuiltTable build_table(const TableOptions& options, const RecordModel& model,
                              const std::vector<RangeTombstone>& tombstones = {}) {
  BuiltTable table;
  TableBuilder builder(options, std::make_unique<StringSink>(table.bytes), "test.sst");
  for (const auto& [place, record] : model.records()) REQUIRE(builder.add(record.view()).is_ok());
  for (const RangeTombstone& one : tombstones) builder.add_range_tombstone(one);
  auto properties = builder.finish();
  REQUIRE(properties.status().to_string() == "ok");
  table.properties = *properties;
  return table;
}

inline Result<std::shared_ptr<TableReader>> try_open(const std::string& bytes,
                                                     TableReader::Dependencies dependencies = {}) {
  return TableReader::open(std::make_unique<StringFile>(bytes), "test.sst", dependencies);
}

inline std::shared_ptr<TableReader> open_table(const BuiltTable& table,
                                               TableReader::Dependencies dependencies = {}) {
  auto reader = try_open(table.bytes, dependencies);
  REQUIRE(reader.status().to_string() == "ok");
  return *reader;
}

// What a lookup found, copied; empty when there is nothing.
inline std::optional<OwnedRecord> get(const TableReader& reader, const std::string& key,
                                      SequenceNumber max_sequence = kMaxSequence) {
  auto hit = reader.get(key, max_sequence, key_hash(key));
  REQUIRE(hit.status().to_string() == "ok");
  if (!*hit) return std::nullopt;
  const FoundRecord& found = (*hit)->record;
  return OwnedRecord{key, std::string(found.value), found.sequence, found.type,
                     found.expires_at_ms};
}

}  // namespace kvhost::engine::test
