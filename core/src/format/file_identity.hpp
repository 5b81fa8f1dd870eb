// The 128-bit name of one table's contents, given when it is written and never again. Checkpoints,
// backups and replicas compare identities; checksums are seeded with them, so that a block of
// another file is not taken for this one's.
#pragma once

#include <cstdint>
#include <string>

namespace kvhost::engine {

struct FileIdentity {
  uint64_t high = 0;
  uint64_t low = 0;

  // Drawn from the operating system's randomness.
  static FileIdentity random();
  // 32 lower-case hexadecimal digits.
  std::string to_string() const;

  friend bool operator==(const FileIdentity&, const FileIdentity&) = default;
};

}  // namespace kvhost::engine
