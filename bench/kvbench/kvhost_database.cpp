// kvhost behind the face of kvbench. KVBENCH_POLICY names the compaction policy to measure, with
// its defaults; leveled without it.
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "database.hpp"
#include "kvhost/engine/engine.hpp"
#include "kvhost/policy/lazy_leveled.hpp"
#include "kvhost/policy/tiered.hpp"
#include "kvhost/policy/time_window.hpp"

namespace kvbench {
namespace {

namespace engine = kvhost::engine;

template <typename T>
T must(kvhost::Result<T> result, const char* what) {
  if (!result) give_up(std::string(what) + ": " + result.error().to_string());
  return std::move(*result);
}
void must(const kvhost::Status& status, const char* what) {
  if (!status.is_ok()) give_up(std::string(what) + ": " + status.to_string());
}

engine::Environment environment() {
  engine::Environment made;
  const char* const chosen = std::getenv("KVBENCH_POLICY");
  if (chosen == nullptr || std::string(chosen) == "leveled") return made;
  made.policy_name = chosen;
  if (made.policy_name == "tiered") {
    made.policy = std::make_shared<kvhost::TieredPolicy>();
  } else if (made.policy_name == "lazy-leveled") {
    made.policy = std::make_shared<kvhost::LazyLeveledPolicy>();
  } else if (made.policy_name == "time-window") {
    made.policy = std::make_shared<kvhost::TimeWindowPolicy>();
  } else {
    give_up("KVBENCH_POLICY: there is no policy " + made.policy_name);
  }
  return made;
}

class KvhostCursor final : public Cursor {
 public:
  explicit KvhostCursor(std::unique_ptr<engine::Iterator> iterator)
      : iterator_(std::move(iterator)) {}
  ~KvhostCursor() override { must(iterator_->status(), "iterator"); }
  void seek_to_first() override { iterator_->seek_to_first(); }
  void seek_to_last() override { iterator_->seek_to_last(); }
  void seek(std::string_view key) override { iterator_->seek(key); }
  bool valid() const override { return iterator_->valid(); }
  void next() override { iterator_->next(); }
  void prev() override { iterator_->prev(); }
  std::string_view key() const override { return iterator_->key(); }
  std::string_view value() const override { return iterator_->value(); }

 private:
  std::unique_ptr<engine::Iterator> iterator_;
};

class KvhostDatabase final : public Database {
 public:
  explicit KvhostDatabase(const Settings& settings) {
    engine::Options options;
    // The peers count their memtables and filters beside the cache; here one budget holds all.
    options.memory = settings.cache_bytes + 4 * settings.memtable_bytes;
    options.memtable_size = settings.memtable_bytes;
    options.wal_sync = settings.sync ? engine::WalSync::kAlways : engine::WalSync::kNever;
    options.compression = settings.compress ? kvhost::Codec::kLz4 : kvhost::Codec::kNone;
    options.compaction_workers = 2;
    engine_ = must(engine::Engine::open(settings.directory, options, environment()), "open");
  }
  ~KvhostDatabase() override { must(engine_->close(), "close"); }

  void put(std::string_view key, std::string_view value) override {
    auto& batch = scratch();
    batch.put(0, key, value);
    write(batch);
  }
  void erase(std::string_view key) override {
    auto& batch = scratch();
    batch.erase(0, key);
    write(batch);
  }
  bool get(std::string_view key, ValueVisitor& visitor) override {
    const auto found = must(engine_->get({}, 0, key), "get");
    if (!found.found()) return false;
    visitor.visit(0, found.value.view());
    return true;
  }
  void multi_get(std::span<const std::string_view> keys, ValueVisitor& visitor) override {
    std::vector<engine::KeyRef> refs;
    refs.reserve(keys.size());
    for (const auto key : keys) refs.push_back({0, key});
    const auto found = must(engine_->multi_get({}, refs), "multi_get");
    for (std::size_t i = 0; i < found.size(); ++i) {
      if (found[i].found()) visitor.visit(i, found[i].value.view());
    }
  }
  std::unique_ptr<Cursor> cursor() override {
    return std::make_unique<KvhostCursor>(must(engine_->iterator({}, {}), "iterator"));
  }
  void settle() override {
    must(engine_->flush(), "flush");
    must(engine_->wait_until_idle(), "wait_until_idle");
  }
  uint64_t table_bytes() override { return engine_->statistics().table_bytes; }

 private:
  static engine::WriteBatch& scratch() {
    thread_local engine::WriteBatch batch;
    batch.clear();
    return batch;
  }
  void write(const engine::WriteBatch& batch) {
    const auto result = must(engine_->write({}, batch), "write");
    must(result.outcome, "write");
  }

  std::unique_ptr<engine::Engine> engine_;
};

}  // namespace

std::unique_ptr<Database> open_database(const Settings& settings) {
  return std::make_unique<KvhostDatabase>(settings);
}
std::string engine_name() { return "kvhost"; }

}  // namespace kvbench
