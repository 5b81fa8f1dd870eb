#include "load.hpp"

#include <algorithm>
#include <functional>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <vector>

#include "processor_time.hpp"

namespace kvbench {
namespace {

// Runs the lanes beside each other from one moment on.
LaneOutcome run_lanes(std::vector<Lane>& lanes) {
  std::atomic<bool> stop{false};
  std::mutex mutex;
  std::string failure;
  // Threads take a while to start.
  const auto begun = std::chrono::steady_clock::now() + std::chrono::milliseconds(20);
  std::vector<std::thread> threads;
  for (auto& lane : lanes) {
    threads.emplace_back([&] {
      try {
        std::this_thread::sleep_until(begun);
        lane.run(begun, stop);
      } catch (const std::exception& thrown) {
        const std::lock_guard lock(mutex);
        if (failure.empty()) failure = thrown.what();
        stop = true;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  if (!failure.empty()) throw std::runtime_error(failure);
  LaneOutcome outcome;
  for (const auto& lane : lanes) outcome.merge(lane.outcome());
  return outcome;
}

template <typename Work>
auto named(const Endpoint& endpoint, Work work) {
  try {
    return work();
  } catch (const std::exception& thrown) {
    throw std::runtime_error(endpoint.text + ": " + thrown.what());
  }
}

}  // namespace

void load_keys(const Endpoint& endpoint, const LoadPlan& plan) {
  named(endpoint, [&] {
    const Values values(plan.value_bytes);
    // Pipelined as the run itself is not, perhaps: a load is not measured.
    Pace pace;
    pace.depth = std::max<uint32_t>(plan.depth, 32);
    pace.lanes = static_cast<uint32_t>(std::min<uint64_t>(plan.connections, plan.keys));
    std::vector<Lane> lanes;
    for (uint32_t i = 0; i < pace.lanes; ++i) {
      pace.lane = i;
      pace.operations = (plan.keys - i + pace.lanes - 1) / pace.lanes;
      lanes.emplace_back(open_link(endpoint, pace.depth), pace,
                         std::make_unique<LoadSource>(i, pace.lanes), values, false);
    }
    const LaneOutcome outcome = run_lanes(lanes);
    if (outcome.refused != 0) {
      throw std::runtime_error(
          std::to_string(outcome.refused) +
          " keys could not be loaded; the first was refused with: " + outcome.first_refusal);
    }
  });
}

LoadOutcome run_load(const Endpoint& endpoint, const LoadPlan& plan, uint64_t seed) {
  return named(endpoint, [&] {
    const ServerWorkload& workload = workload_named(plan.workload);
    const Values values(plan.value_bytes);
    Pace pace;
    pace.rate = plan.rate;
    pace.duration_ns = static_cast<uint64_t>(plan.seconds * 1e9);
    pace.depth = plan.depth;
    pace.lanes = plan.connections;
    std::vector<Lane> lanes;
    for (uint32_t i = 0; i < plan.connections; ++i) {
      pace.lane = i;
      lanes.emplace_back(open_link(endpoint, pace.depth), pace,
                         std::make_unique<WorkloadSource>(workload, plan.keys, seed * 1000 + i),
                         values, workload.is_missing);
    }
    const double cpu_before = cpu_seconds();
    LoadOutcome outcome{run_lanes(lanes)};
    outcome.driver_cpu_seconds = cpu_seconds() - cpu_before;
    outcome.seconds = std::max(plan.seconds, static_cast<double>(outcome.last_ns) * 1e-9);
    return outcome;
  });
}

}  // namespace kvbench
