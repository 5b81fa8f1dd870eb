// Writers that have to wait: for a flush that does not come on, and not beyond their deadlines.
#include <atomic>
#include <catch2/catch.hpp>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "engine/write_controller.hpp"
#include "engine_story.hpp"
#include "support/intercepting_file_system.hpp"

using namespace kvhost;                   // NOLINT(*-build-using-namespace)
using namespace kvhost::engine;           // NOLINT(*-build-using-namespace)
using namespace kvhost::engine::testing;  // NOLINT(*-build-using-namespace)

namespace {

// A disk on which no table can be begun while the gate is shut.
class Gate final : private FileInterceptor, public InterceptingFileSystem {
 public:
  explicit Gate(FileSystem& files)
      : InterceptingFileSystem(files, static_cast<FileInterceptor&>(*this)) {}
  void open() {
    const std::lock_guard<std::mutex> lock(mutex_);
    is_open_ = true;
    changed_.notify_all();
  }

 private:
  FileVerdict on_call(const FileCall& call) override {
    if (call.kind != "create" || call.path.find(".sst") == std::string::npos) return {};
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [&] { return is_open_; });
    return {};
  }
  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_open_ = false;
};

uint64_t in_ms(uint64_t ms) { return system_clock().monotonic_ns() + ms * 1'000'000; }

}  // namespace

TEST_CASE("writers wait while no memtable has room, but not beyond their deadline") {
  CrashFileSystem disk;
  Gate gate(disk);
  Environment environment;
  environment.file_system = &gate;
  Options options = small_options();
  options.wal_sync = WalSync::kNever;
  options.max_immutable_memtables = 1;
  auto opened = Engine::open("db", options, environment);
  REQUIRE(opened.has_value());
  Engine& engine = **opened;
  WriteBatch batch;
  batch.put(0, "k", std::string(10'000, 'v'));
  Status refused;
  for (int i = 0; i < 100 && refused.is_ok(); ++i) {
    WriteOptions how;
    how.deadline_ns = in_ms(200);
    refused = engine.write(how, batch).status();
  }
  CHECK(refused.code() == StatusCode::DEADLINE_EXCEEDED);

  // Asynchronous ones, too: nobody waits for them but the engine.
  std::atomic<int> answered{0};
  std::atomic<int> overdue{0};
  for (int i = 0; i < 3; ++i) {
    WriteOptions how;
    how.deadline_ns = in_ms(50);
    engine.write_async(how, batch, [&](const Result<WriteResult>& result) {
      if (result.status().code() == StatusCode::DEADLINE_EXCEEDED) ++overdue;
      ++answered;
    });
  }
  while (answered < 3) std::this_thread::yield();
  CHECK(overdue == 3);
  CHECK(engine.get({}, 0, "k")->found());
  CHECK(engine.statistics().stall_memtables_ns > 0);

  // One without a deadline waits as long as it takes.
  std::thread patient([&] { CHECK(engine.write({}, batch).has_value()); });
  gate.open();
  patient.join();
  CHECK(engine.wait_until_idle().is_ok());
}

TEST_CASE("strain grows smoothly from nothing to all, and slows by what is behind") {
  Options options;
  options.slowdown_debt = 1000;
  options.stall_debt = 2000;
  const WriteController controller(options);
  CHECK(controller.strain({1000, 0, 0}) == 0);
  CHECK(controller.strain({1500, 0, 0}) == Approx(0.5));
  CHECK(controller.strain({9999, 0, 0}) == 1);
  CHECK(controller.strain({0, WriteController::kSlowdownRuns, 0}) == 0);
  CHECK(controller.strain({0, 40, 0}) == Approx(0.5));
  const uint64_t all = options.max_immutable_memtables;
  CHECK(controller.strain({0, 0, all - 1, 1.0}) == 0);
  CHECK(controller.strain({0, 0, all, 0.0}) == Approx(0.25));
  CHECK(controller.strain({0, 0, all, 1.0}) == Approx(0.75));
  double before = 0;
  for (uint64_t debt = 0; debt < 3000; debt += 10) {
    const double now = controller.strain({debt, 0, 0});
    CHECK(now >= before);
    CHECK(now - before < 0.02);
    before = now;
  }
}

TEST_CASE("a slowed writer waits about as long as its bytes are worth") {
  Options options;
  options.slowdown_debt = 1;
  options.stall_debt = 2;
  WriteController controller(options);
  CHECK(controller.slow_down({0, 0, 0}, 1 << 20) == 0);
  // 20 KiB at the slowest rate are 10 ms.
  const uint64_t waited = controller.slow_down({2, 0, 0}, 20 << 10);
  CHECK(waited >= 9'000'000);
  controller.stop();
  CHECK(controller.slow_down({2, 0, 0}, 1 << 20) < 9'000'000);
}
