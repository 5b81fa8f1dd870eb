#include "kvhost/engine/replaceable_engine.hpp"

#include <algorithm>
#include <list>
#include <thread>
#include <utility>

#include "base/mutex.hpp"
#include "base/thread_name.hpp"
#include "file/file_tree.hpp"
#include "kvhost/engine/state_directory.hpp"
#include "state/held_state.hpp"
#include "version/file_names.hpp"

namespace kvhost::engine {
namespace {

// How often a state that was replaced is looked after, as long as somebody reads it.
constexpr std::chrono::milliseconds kRetireInterval{50};

class Replaceable final : public ReplaceableEngine {
 public:
  Replaceable(std::string data_dir, Options options, Environment environment)
      : data_dir_(std::move(data_dir)),
        options_(std::move(options)),
        environment_(std::move(environment)),
        files_(environment_.file_system ? *environment_.file_system : posix_file_system()),
        logger_(environment_.logger ? *environment_.logger : null_logger()) {}
  ~Replaceable() override {
    if (const Status closed = close(); !closed.is_ok()) {
      logger_.log(LogLevel::kError, "the engine's end: " + closed.to_string());
    }
  }

  Status start() {
    KVHOST_TRY_ASSIGN(const std::string active, active_state_directory(files_, data_dir_));
    // The first state's own lock is the data directory's.
    if (active != data_dir_) {
      KVHOST_TRY_ASSIGN(lock_, files_.lock(lock_path(data_dir_)));
    }
    KVHOST_TRY_ASSIGN(current_, open_state(active, environment_));
    KVHOST_TRY(remove_other_states(files_, data_dir_, active));
    retirer_ = std::thread([this] {
      set_thread_name("kv-retire");
      retire();
    });
    return Status::ok();
  }

  Result<GetResult> get(const ReadOptions& options, uint32_t space, std::string_view key) override {
    HeldStatePointer state = state_of(options);
    KVHOST_TRY_ASSIGN(auto got, state->engine->get(inner(options), space, key));
    return held(std::move(state), std::move(got));
  }
  Result<std::vector<GetResult>> multi_get(const ReadOptions& options,
                                           std::span<const KeyRef> keys) override {
    const HeldStatePointer state = state_of(options);
    KVHOST_TRY_ASSIGN(auto all, state->engine->multi_get(inner(options), keys));
    for (GetResult& got : all) got = held(state, std::move(got));
    return all;
  }
  std::unique_ptr<Snapshot> snapshot() override {
    return std::make_unique<HeldSnapshot>(current());
  }
  Result<std::unique_ptr<Iterator>> iterator(const ReadOptions& options,
                                             const Range& range) override {
    HeldStatePointer state = state_of(options);
    KVHOST_TRY_ASSIGN(auto iterator, state->engine->iterator(inner(options), range));
    return std::unique_ptr<Iterator>(
        std::make_unique<HeldIterator>(std::move(state), std::move(iterator)));
  }

  Result<WriteResult> write(const WriteOptions& options, const WriteBatch& batch) override {
    return current()->engine->write(options, batch);
  }
  void write_async(const WriteOptions& options, const WriteBatch& batch,
                   WriteCallback done) override {
    const HeldStatePointer state = current();
    state->engine->write_async(options, batch, std::move(done));
  }
  std::optional<Result<WriteResult>> try_write(const WriteBatch& batch) override {
    return current()->engine->try_write(batch);
  }
  Result<std::vector<WriteResult>> apply(const ReplicationPosition& first,
                                         std::span<const OrderedBatch> batches) override {
    {
      MutexLock lock(mutex_);
      KVHOST_TRY(failure_);
    }
    return current()->engine->apply(first, batches);
  }
  ReplicationPosition applied_position() override { return current()->engine->applied_position(); }
  ReplicationPosition durable_position() override { return current()->engine->durable_position(); }
  void on_durable(std::function<void(ReplicationPosition)> callback) override {
    {
      MutexLock lock(mutex_);
      on_durable_ = std::move(callback);
    }
    watch_durable(current());
  }

  uint64_t now_ms() override { return current()->engine->now_ms(); }
  uint64_t last_sequence() override { return current()->engine->last_sequence(); }
  Status flush() override { return current()->engine->flush(); }
  Status sync_wal() override { return current()->engine->sync_wal(); }
  Status compact(const std::optional<Range>& range) override {
    return current()->engine->compact(range);
  }
  Status wait_until_idle() override { return current()->engine->wait_until_idle(); }
  void set_policy(std::shared_ptr<CompactionPolicy> policy, std::string name) override {
    HeldStatePointer state;
    {
      MutexLock lock(mutex_);
      environment_.policy = policy;
      environment_.policy_name = name;
      state = current_;
    }
    state->engine->set_policy(std::move(policy), std::move(name));
  }
  Status checkpoint(const std::string& directory) override {
    return current()->engine->checkpoint(directory);
  }
  Result<ScrubReport> scrub(const ScrubOptions& options) override {
    return current()->engine->scrub(options);
  }
  Status background_error() override {
    {
      MutexLock lock(mutex_);
      KVHOST_TRY(failure_);
    }
    return current()->engine->background_error();
  }
  Status resume() override { return current()->engine->resume(); }
  Statistics statistics() override { return current()->engine->statistics(); }
  TreeSnapshot tree() override { return current()->engine->tree(); }

  Status replace(const std::string& directory) override;
  std::size_t retired() const override {
    MutexLock lock(mutex_);
    return retired_.size();
  }
  Status close() override;

 private:
  HeldStatePointer current() const {
    MutexLock lock(mutex_);
    return current_;
  }
  HeldStatePointer state_of(const ReadOptions& options) const {
    if (options.snapshot == nullptr) return current();
    return static_cast<const HeldSnapshot*>(options.snapshot)->state();
  }
  static ReadOptions inner(ReadOptions options) {
    if (options.snapshot != nullptr) {
      options.snapshot = static_cast<const HeldSnapshot*>(options.snapshot)->inner();
    }
    return options;
  }
  Result<HeldStatePointer> open_state(const std::string& directory,
                                      const Environment& environment) const {
    auto state = std::make_shared<HeldState>();
    state->directory = directory;
    KVHOST_TRY_ASSIGN(state->engine, Engine::open(directory, options_, environment));
    return state;
  }
  void watch_durable(const HeldStatePointer& state);
  Status switch_to(const HeldStatePointer& next);
  void retire();
  void remove_retired(const HeldStatePointer& state);

  const std::string data_dir_;
  const Options options_;
  Environment environment_;
  FileSystem& files_;
  Logger& logger_;
  std::unique_ptr<FileLock> lock_;

  mutable Mutex mutex_;
  HeldStatePointer current_ KVHOST_GUARDED_BY(mutex_);
  std::list<HeldStatePointer> retired_ KVHOST_GUARDED_BY(mutex_);
  std::function<void(ReplicationPosition)> on_durable_ KVHOST_GUARDED_BY(mutex_);
  // The marker may name either state: only a restart can tell.
  Status failure_ KVHOST_GUARDED_BY(mutex_);
  CondVar changed_;
  bool is_closing_ KVHOST_GUARDED_BY(mutex_) = false;
  std::thread retirer_;
};

void Replaceable::watch_durable(const HeldStatePointer& state) {
  const HeldState* const raw = state.get();
  state->engine->on_durable([this, raw](const ReplicationPosition& position) {
    std::function<void(ReplicationPosition)> callback;
    {
      MutexLock lock(mutex_);
      // What a state that was replaced still flushes is nobody's business.
      if (current_.get() == raw) callback = on_durable_;
    }
    if (callback) callback(position);
  });
}

Status Replaceable::replace(const std::string& directory) {
  Environment environment;
  {
    MutexLock lock(mutex_);
    KVHOST_TRY(failure_);
    environment = environment_;
  }
  auto next = open_state(directory, environment);
  if (!next) {
    static_cast<void>(remove_file_tree(files_, directory));
    return next.error().with_context("the state received");
  }
  watch_durable(*next);
  return switch_to(*next);
}

Status Replaceable::switch_to(const HeldStatePointer& next) {
  const Status flipped = activate_state(files_, data_dir_, next->directory);
  if (!flipped.is_ok()) {
    const auto active = active_state_directory(files_, data_dir_);
    const bool is_old = active && *active == current()->directory;
    if (is_old && flipped.code() == StatusCode::NO_SPACE) {
      static_cast<void>(next->engine->close());
      static_cast<void>(remove_file_tree(files_, next->directory));
      return flipped;
    }
    MutexLock lock(mutex_);
    failure_ = flipped.with_context(
        "the marker of the active state could not be made durable; restart the node");
    return failure_;
  }
  MutexLock lock(mutex_);
  retired_.push_back(std::exchange(current_, next));
  changed_.notify_all();
  return Status::ok();
}

// A state goes when nobody but the list holds it.
void Replaceable::retire() {
  MutexLock lock(mutex_);
  while (!is_closing_) {
    if (retired_.empty()) {
      changed_.wait(mutex_);
      continue;
    }
    const auto free = std::find_if(retired_.begin(), retired_.end(),
                                   [](const auto& state) { return state.use_count() == 1; });
    if (free == retired_.end()) {
      changed_.wait_for(mutex_, kRetireInterval);
      continue;
    }
    HeldStatePointer state = *free;
    lock.unlock();
    remove_retired(state);
    state.reset();
    lock.lock();
    retired_.erase(free);
  }
}

void Replaceable::remove_retired(const HeldStatePointer& state) {
  // Its memtables are of no more use, whatever becomes of them.
  static_cast<void>(state->engine->close());
  state->engine.reset();
  const bool is_first = state->directory == data_dir_;
  if (is_first) {
    // The first state's lock was the data directory's: it goes on as this one's.
    auto locked = files_.lock(lock_path(data_dir_));
    if (locked) lock_ = std::move(*locked);
  }
  const Status removed =
      is_first ? remove_first_state(files_, data_dir_) : remove_file_tree(files_, state->directory);
  if (!removed.is_ok()) {
    logger_.log(LogLevel::kWarning, state->directory +
                                        ": a state that was replaced stays until the next start: " +
                                        removed.to_string());
  }
}

Status Replaceable::close() {
  {
    MutexLock lock(mutex_);
    is_closing_ = true;
    changed_.notify_all();
  }
  if (retirer_.joinable()) retirer_.join();
  HeldStatePointer state;
  std::list<HeldStatePointer> retired;
  {
    MutexLock lock(mutex_);
    state = current_;
    retired.swap(retired_);
  }
  for (const auto& old : retired) {
    if (old->engine != nullptr) static_cast<void>(old->engine->close());
  }
  return state == nullptr ? Status::ok() : state->engine->close();
}

}  // namespace

Result<std::unique_ptr<ReplaceableEngine>> ReplaceableEngine::open(const std::string& data_dir,
                                                                   Options options,
                                                                   Environment environment) {
  auto engine = std::make_unique<Replaceable>(data_dir, std::move(options), std::move(environment));
  KVHOST_TRY(engine->start());
  return std::unique_ptr<ReplaceableEngine>(std::move(engine));
}

}  // namespace kvhost::engine
