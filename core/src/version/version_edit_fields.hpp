// The numbers of an edit's fields in the MANIFEST.
//
// Format:    docs/formats/manifest.md
#pragma once

#include <cstdint>

namespace kvhost::engine {

// Numbers never change. A program that meets a number it does not know refuses the file when the
// number is below kSkippableFields, and skips the field otherwise.
enum class EditField : uint64_t {
  kNextFileNumber = 1,
  kNextRunId = 2,
  kLastSequence = 3,
  kReservedSequence = 4,
  kLogStart = 5,
  kLogDurable = 6,
  kLogTimeMs = 7,
  kReplication = 8,
  kPolicyName = 9,
  kPolicyState = 10,
  kRemovedFile = 11,
  kNewRun = 12,
  kAddedFile = 13,
};
inline constexpr uint64_t kSkippableFields = 128;

// The longest name of a policy or strategy that is read back.
inline constexpr std::size_t kMaxComponentName = 256;

}  // namespace kvhost::engine
