// One step of a random history, and how histories are drawn. A step carries numbers alone, so that
// a list of steps still means something after others were left out.
//
// Threads:   values.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/random.hpp"

namespace kvhost::engine::testing {

enum class StepKind : uint8_t {
  kPut,
  kPutExpiring,
  kErase,
  kEraseRange,
  kBatch,
  kConditional,
  kIncrement,
  kGet,
  kMultiGet,
  kScan,
  kScanBack,
  kZigzag,
  kSnapshotTake,
  kSnapshotCheck,
  kSnapshotRelease,
  kTime,
  kFlush,
  kCompact,
  kCompactRange,
  kPolicy,
  kCheckpoint,
  kSync,
  kRestart,
  kKill,
  kPowerCut,
  kDieSoon,
};

struct Step {
  StepKind kind = StepKind::kPut;
  // The seed of everything else that the step draws.
  uint64_t seed = 0;
};

inline const char* name_of(StepKind kind) {
  static constexpr const char* kNames[] = {
      "put",        "put_expiring", "erase",         "erase_range",    "batch",
      "condition",  "increment",    "get",           "multi_get",      "scan",
      "scan_back",  "zigzag",       "snapshot_take", "snapshot_check", "snapshot_release",
      "time",       "flush",        "compact",       "compact_range",  "policy",
      "checkpoint", "sync",         "restart",       "kill",           "power_cut",
      "die_soon"};
  return kNames[static_cast<std::size_t>(kind)];
}

inline std::string describe(const std::vector<Step>& steps) {
  std::string text;
  for (const Step& step : steps) {
    text += std::string("  ") + name_of(step.kind) + " " + std::to_string(step.seed) + "\n";
  }
  return text;
}

inline std::vector<Step> draw_steps(uint64_t seed, std::size_t count) {
  struct Weight {
    StepKind kind;
    uint32_t weight;
  };
  static constexpr Weight kWeights[] = {{StepKind::kPut, 220},
                                        {StepKind::kPutExpiring, 60},
                                        {StepKind::kErase, 60},
                                        {StepKind::kEraseRange, 20},
                                        {StepKind::kBatch, 60},
                                        {StepKind::kConditional, 60},
                                        {StepKind::kIncrement, 40},
                                        {StepKind::kGet, 60},
                                        {StepKind::kMultiGet, 10},
                                        {StepKind::kScan, 25},
                                        {StepKind::kScanBack, 25},
                                        {StepKind::kZigzag, 20},
                                        {StepKind::kSnapshotTake, 12},
                                        {StepKind::kSnapshotCheck, 20},
                                        {StepKind::kSnapshotRelease, 12},
                                        {StepKind::kTime, 40},
                                        {StepKind::kFlush, 12},
                                        {StepKind::kCompact, 4},
                                        {StepKind::kCompactRange, 4},
                                        {StepKind::kPolicy, 8},
                                        {StepKind::kCheckpoint, 2},
                                        {StepKind::kSync, 5},
                                        {StepKind::kRestart, 3},
                                        {StepKind::kKill, 4},
                                        {StepKind::kPowerCut, 4},
                                        {StepKind::kDieSoon, 4}};
  uint32_t total = 0;
  for (const Weight& one : kWeights) total += one.weight;
  Random random(seed);
  std::vector<Step> steps;
  while (steps.size() < count) {
    uint64_t at = random.below(total);
    for (const Weight& one : kWeights) {
      if (at < one.weight) {
        steps.push_back({one.kind, random.next()});
        break;
      }
      at -= one.weight;
    }
  }
  return steps;
}

}  // namespace kvhost::engine::testing
