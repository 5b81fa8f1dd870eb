// LevelDB behind the face of kvbench.
#include <leveldb/cache.h>
#include <leveldb/db.h>
#include <leveldb/filter_policy.h>

#include "database.hpp"

namespace kvbench {
namespace {

void must(const leveldb::Status& status, const char* what) {
  if (!status.ok()) give_up(std::string(what) + ": " + status.ToString());
}
leveldb::Slice slice(std::string_view bytes) { return {bytes.data(), bytes.size()}; }
std::string_view view(const leveldb::Slice& bytes) { return {bytes.data(), bytes.size()}; }

class LeveldbCursor final : public Cursor {
 public:
  explicit LeveldbCursor(leveldb::Iterator* iterator) : iterator_(iterator) {}
  ~LeveldbCursor() override { must(iterator_->status(), "iterator"); }
  void seek_to_first() override { iterator_->SeekToFirst(); }
  void seek_to_last() override { iterator_->SeekToLast(); }
  void seek(std::string_view key) override { iterator_->Seek(slice(key)); }
  bool valid() const override { return iterator_->Valid(); }
  void next() override { iterator_->Next(); }
  void prev() override { iterator_->Prev(); }
  std::string_view key() const override { return view(iterator_->key()); }
  std::string_view value() const override { return view(iterator_->value()); }

 private:
  std::unique_ptr<leveldb::Iterator> iterator_;
};

class LeveldbDatabase final : public Database {
 public:
  explicit LeveldbDatabase(const Settings& settings)
      : cache_(leveldb::NewLRUCache(settings.cache_bytes)),
        filter_(leveldb::NewBloomFilterPolicy(10)) {
    leveldb::Options options;
    options.create_if_missing = true;
    options.write_buffer_size = settings.memtable_bytes;
    options.block_cache = cache_.get();
    options.filter_policy = filter_.get();
    options.max_open_files = 10000;
    options.max_file_size = uint64_t{64} << 20;
    options.compression = leveldb::kNoCompression;
    if (settings.compress) give_up("LevelDB has no LZ4: this row is not comparable");
    leveldb::DB* opened = nullptr;
    must(leveldb::DB::Open(options, settings.directory, &opened), "open");
    db_.reset(opened);
    write_.sync = settings.sync;
    read_.verify_checksums = true;
  }

  void put(std::string_view key, std::string_view value) override {
    must(db_->Put(write_, slice(key), slice(value)), "put");
  }
  void erase(std::string_view key) override { must(db_->Delete(write_, slice(key)), "erase"); }
  bool get(std::string_view key, ValueVisitor& visitor) override {
    thread_local std::string value;
    const auto status = db_->Get(read_, slice(key), &value);
    if (status.IsNotFound()) return false;
    must(status, "get");
    visitor.visit(0, value);
    return true;
  }
  void multi_get(std::span<const std::string_view> keys, ValueVisitor& visitor) override {
    std::string value;
    for (std::size_t i = 0; i < keys.size(); ++i) {
      const auto status = db_->Get(read_, slice(keys[i]), &value);
      if (status.IsNotFound()) continue;
      must(status, "multi_get");
      visitor.visit(i, value);
    }
  }
  std::unique_ptr<Cursor> cursor() override {
    return std::make_unique<LeveldbCursor>(db_->NewIterator(read_));
  }
  // LevelDB cannot say that it is idle; a whole compaction leaves nothing to do.
  void settle() override { db_->CompactRange(nullptr, nullptr); }
  // All tables: the approximate size of the whole key range.
  uint64_t table_bytes() override {
    const leveldb::Range all(leveldb::Slice(), leveldb::Slice("\xff\xff\xff\xff", 4));
    uint64_t bytes = 0;
    db_->GetApproximateSizes(&all, 1, &bytes);
    return bytes;
  }

 private:
  std::unique_ptr<leveldb::Cache> cache_;
  std::unique_ptr<const leveldb::FilterPolicy> filter_;
  std::unique_ptr<leveldb::DB> db_;
  leveldb::WriteOptions write_;
  leveldb::ReadOptions read_;
};

}  // namespace

std::unique_ptr<Database> open_database(const Settings& settings) {
  return std::make_unique<LeveldbDatabase>(settings);
}
std::string engine_name() {
  return "leveldb " + std::to_string(leveldb::kMajorVersion) + "." +
         std::to_string(leveldb::kMinorVersion);
}

}  // namespace kvbench
