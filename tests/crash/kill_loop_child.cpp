// The victim of the kill loop: loads an engine from several threads and tells on stdout, one line
// each, what was acknowledged. Killed from outside, never ends by itself.
//
// usage: kill_loop_child DIRECTORY always|interval|open FIRST
//   line: THREAD NUMBER     the write of key "THREAD/NUMBER" was acknowledged
//   open: recovers the database, flushes, closes it and ends with 0
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include "kvhost/engine/engine.hpp"

using namespace kvhost::engine;  // NOLINT(*-build-using-namespace)

namespace {

constexpr int kThreads = 3;

[[noreturn]] void give_up(const std::string& why) {
  std::fprintf(stderr, "kill_loop_child: %s\n", why.c_str());
  std::_Exit(1);
}

// One write(2) per line: lines shorter than PIPE_BUF do not mix.
void tell(int thread, uint64_t number) {
  char line[64];
  const int size = std::snprintf(line, sizeof line, "%d %llu\n", thread,
                                 static_cast<unsigned long long>(number));
  if (::write(STDOUT_FILENO, line, static_cast<std::size_t>(size)) != size) give_up("pipe closed");
}

void load(Engine& engine, int thread, uint64_t number) {
  for (;; ++number) {
    WriteBatch batch;
    const std::string name = std::to_string(thread) + "/" + std::to_string(number);
    batch.put(0, name, name + std::string(200 + number % 800, 'v'));
    batch.put(1, name, "twin");
    if (number >= 100 && number % 3 == 0) {
      batch.erase(0, std::to_string(thread) + "/" + std::to_string(number - 100));
    }
    if (const auto written = engine.write({}, batch); !written) {
      give_up(written.status().to_string());
    }
    tell(thread, number);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) give_up("usage: DIRECTORY always|interval|open FIRST");
  Options options;
  options.memtable_size = 256 << 10;
  options.wal_segment_size = 512 << 10;
  options.target_file_size = 128 << 10;
  options.wal_sync = std::strcmp(argv[2], "interval") == 0 ? WalSync::kInterval : WalSync::kAlways;
  auto engine = Engine::open(argv[1], options, {});
  if (!engine) give_up(engine.status().to_string());
  if (std::strcmp(argv[2], "open") == 0) {
    const bool is_well = (*engine)->flush().is_ok() && (*engine)->close().is_ok();
    return is_well ? 0 : 1;
  }
  const uint64_t first = std::strtoull(argv[3], nullptr, 10);
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] { load(**engine, t, first); });
  }
  for (std::thread& one : threads) one.join();
}
