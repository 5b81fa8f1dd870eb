// RocksDB behind the face of kvbench, configured as its own documentation advises for this load.
#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/slice.h>
#include <rocksdb/table.h>
#include <rocksdb/version.h>

#include <chrono>
#include <cstdlib>
#include <thread>
#include <vector>

#include "database.hpp"

namespace kvbench {
namespace {

void must(const rocksdb::Status& status, const char* what) {
  if (!status.ok()) give_up(std::string(what) + ": " + status.ToString());
}
rocksdb::Slice slice(std::string_view bytes) { return {bytes.data(), bytes.size()}; }
std::string_view view(const rocksdb::Slice& bytes) { return {bytes.data(), bytes.size()}; }

class RocksdbCursor final : public Cursor {
 public:
  explicit RocksdbCursor(rocksdb::Iterator* iterator) : iterator_(iterator) {}
  ~RocksdbCursor() override { must(iterator_->status(), "iterator"); }
  void seek_to_first() override { iterator_->SeekToFirst(); }
  void seek_to_last() override { iterator_->SeekToLast(); }
  void seek(std::string_view key) override { iterator_->Seek(slice(key)); }
  bool valid() const override { return iterator_->Valid(); }
  void next() override { iterator_->Next(); }
  void prev() override { iterator_->Prev(); }
  std::string_view key() const override { return view(iterator_->key()); }
  std::string_view value() const override { return view(iterator_->value()); }

 private:
  std::unique_ptr<rocksdb::Iterator> iterator_;
};

rocksdb::Options best_options(const Settings& settings) {
  rocksdb::BlockBasedTableOptions table;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10, false));
  table.whole_key_filtering = true;
  table.format_version = 5;
  table.block_size = 4096;
  table.data_block_index_type = rocksdb::BlockBasedTableOptions::kDataBlockBinaryAndHash;
  // KVBENCH_CACHE=lru|hyper: both are tried, the better one is quoted.
  const char* const kind = std::getenv("KVBENCH_CACHE");
  if (kind != nullptr && std::string_view(kind) == "hyper") {
    table.block_cache =
        rocksdb::HyperClockCacheOptions(settings.cache_bytes, 4096 + 64).MakeSharedCache();
  } else {
    table.block_cache = rocksdb::NewLRUCache(settings.cache_bytes);
  }
  table.cache_index_and_filter_blocks = false;  // resident
  table.prepopulate_block_cache =
      rocksdb::BlockBasedTableOptions::PrepopulateBlockCache::kFlushOnly;

  rocksdb::Options options;
  options.create_if_missing = true;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  options.max_open_files = -1;
  options.write_buffer_size = settings.memtable_bytes;
  options.max_write_buffer_number = 4;
  options.level_compaction_dynamic_level_bytes = true;
  options.target_file_size_base = uint64_t{64} << 20;
  options.max_bytes_for_level_base = uint64_t{256} << 20;
  options.max_background_jobs = 2;
  options.max_subcompactions = 2;
  options.bytes_per_sync = uint64_t{1} << 20;
  // Its two stages help from two writers on; a single one only pays for them.
  options.enable_pipelined_write = settings.threads >= 2;
  options.statistics = nullptr;
  options.compression = settings.compress ? rocksdb::kLZ4Compression : rocksdb::kNoCompression;
  return options;
}

class RocksdbDatabase final : public Database {
 public:
  explicit RocksdbDatabase(const Settings& settings) {
    rocksdb::DB* opened = nullptr;
    must(rocksdb::DB::Open(best_options(settings), settings.directory, &opened), "open");
    db_.reset(opened);
    write_.sync = settings.sync;
    read_.verify_checksums = true;
  }
  ~RocksdbDatabase() override { must(db_->Close(), "close"); }

  void put(std::string_view key, std::string_view value) override {
    must(db_->Put(write_, slice(key), slice(value)), "put");
  }
  void erase(std::string_view key) override { must(db_->Delete(write_, slice(key)), "erase"); }
  bool get(std::string_view key, ValueVisitor& visitor) override {
    rocksdb::PinnableSlice value;
    const auto status = db_->Get(read_, db_->DefaultColumnFamily(), slice(key), &value);
    if (status.IsNotFound()) return false;
    must(status, "get");
    visitor.visit(0, view(value));
    return true;
  }
  void multi_get(std::span<const std::string_view> keys, ValueVisitor& visitor) override {
    std::vector<rocksdb::Slice> slices;
    slices.reserve(keys.size());
    for (const auto key : keys) slices.push_back(slice(key));
    std::vector<rocksdb::PinnableSlice> values(keys.size());
    std::vector<rocksdb::Status> statuses(keys.size());
    db_->MultiGet(read_, db_->DefaultColumnFamily(), slices.size(), slices.data(), values.data(),
                  statuses.data());
    for (std::size_t i = 0; i < keys.size(); ++i) {
      if (statuses[i].IsNotFound()) continue;
      must(statuses[i], "multi_get");
      visitor.visit(i, view(values[i]));
    }
  }
  std::unique_ptr<Cursor> cursor() override {
    return std::make_unique<RocksdbCursor>(db_->NewIterator(read_));
  }
  void settle() override {
    must(db_->Flush({}), "flush");
    // 7.8 has no call that waits: its own properties are asked until nothing is due or running.
    for (const char* property : {"rocksdb.num-running-flushes", "rocksdb.mem-table-flush-pending",
                                 "rocksdb.compaction-pending", "rocksdb.num-running-compactions"}) {
      for (uint64_t due = 1; due != 0;) {
        if (!db_->GetIntProperty(property, &due)) give_up(std::string("no property ") + property);
        if (due != 0) std::this_thread::sleep_for(std::chrono::milliseconds(5));
      }
    }
  }
  uint64_t table_bytes() override {
    uint64_t bytes = 0;
    db_->GetIntProperty("rocksdb.total-sst-files-size", &bytes);
    return bytes;
  }

 private:
  std::unique_ptr<rocksdb::DB> db_;
  rocksdb::WriteOptions write_;
  rocksdb::ReadOptions read_;
};

}  // namespace

std::unique_ptr<Database> open_database(const Settings& settings) {
  return std::make_unique<RocksdbDatabase>(settings);
}
std::string engine_name() {
  return "rocksdb " + std::to_string(ROCKSDB_MAJOR) + "." + std::to_string(ROCKSDB_MINOR) + "." +
         std::to_string(ROCKSDB_PATCH);
}

}  // namespace kvbench
