// What kvbench asks of an engine: the thinnest face that all of them have.
//
// Threads:   every method by any thread, but for iterators, one thread each.
// Errors:    a failure ends the process with words: a benchmark that goes on after one is
// worthless.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace kvbench {

// The same for every engine.
struct Settings {
  std::string directory;
  uint64_t cache_bytes = uint64_t{512} << 20;
  uint64_t memtable_bytes = uint64_t{64} << 20;
  bool compress = false;  // LZ4
  bool sync = false;      // every write is durable when it returns
  uint32_t threads = 1;   // that will call at the same time
};

class Cursor {
 public:
  virtual ~Cursor() = default;
  virtual void seek_to_first() = 0;
  virtual void seek_to_last() = 0;
  virtual void seek(std::string_view key) = 0;
  virtual bool valid() const = 0;
  virtual void next() = 0;
  virtual void prev() = 0;
  virtual std::string_view key() const = 0;
  virtual std::string_view value() const = 0;
};

// Receives a value while it is pinned.
class ValueVisitor {
 public:
  virtual ~ValueVisitor() = default;
  virtual void visit(std::size_t index, std::string_view value) = 0;
};

class Database {
 public:
  virtual ~Database() = default;
  virtual void put(std::string_view key, std::string_view value) = 0;
  virtual void erase(std::string_view key) = 0;
  // False: absent; otherwise visitor.visit(0, value) was called.
  virtual bool get(std::string_view key, ValueVisitor& visitor) = 0;
  // visitor.visit(i, value) for each key that is there.
  virtual void multi_get(std::span<const std::string_view> keys, ValueVisitor& visitor) = 0;
  virtual std::unique_ptr<Cursor> cursor() = 0;
  // Flushes, and returns when no compaction is running or due.
  virtual void settle() = 0;
  // Bytes of live tables.
  virtual uint64_t table_bytes() = 0;
};

// Made by the one adapter that a worker is linked with.
std::unique_ptr<Database> open_database(const Settings& settings);
// "kvhost 0.1.0", "rocksdb 7.8.3".
std::string engine_name();

[[noreturn]] void give_up(const std::string& what);

}  // namespace kvbench
