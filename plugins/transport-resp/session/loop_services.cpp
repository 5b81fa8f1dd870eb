#include "session/loop_services.hpp"

#include "session/session.hpp"

namespace kvhost::resp {

void LoopServices::touch(Session& session) {
  if (session.list()) touched.push_back(&session);
}

void LoopServices::tell_counts() {
  uint64_t total = 0;
  for (const uint32_t command : counted_) {
    const uint64_t count = std::exchange(counts_[command], 0);
    total += count;
    server.calls[command].fetch_add(count, std::memory_order_relaxed);
    server.metrics.commands(command, count);
  }
  counted_.clear();
  if (total != 0) server.counters.commands.fetch_add(total, std::memory_order_relaxed);
}

}  // namespace kvhost::resp
