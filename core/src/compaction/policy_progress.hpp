// Whether what a policy's jobs write leads anywhere: an account in bytes.
//
// A job is paid for by what it writes. Paid in is what gives jobs a purpose:
//   new data    each flushed byte allows for as many rewrites as the deepest sane tree needs, as
//               long as level 0 is not crowded
//   less space  each byte by which jobs make the tree smaller, the same
//   fewer runs  when the tree has fewer runs than ever since the last new data, it may be written
//               twice more
// and once, when the policy comes, eight times the tree, so that it can give it another shape. When
// the account is overdrawn, the policy writes without end and the tree's shape does not improve: it
// makes no progress.
//
// Threads:   one at a time.
#pragma once

#include <cstddef>
#include <cstdint>

namespace kvhost::engine {

class PolicyProgress {
 public:
  explicit PolicyProgress(uint64_t memtable_bytes) : memtable_bytes_(memtable_bytes) {}

  struct Shape {
    uint64_t bytes = 0;
    std::size_t runs = 0;
    // More flushes wait in level 0 than any policy should let wait.
    bool is_crowded = false;
  };

  // A policy comes to a tree of this shape.
  void begin(const Shape& shape);
  // The tree's shape now; flushes and jobs have changed it since the last look.
  void look(const Shape& shape);
  // A job of the policy's has ended; look() comes next. Jobs that write little cost a least amount,
  // so that moves in a circle are noticed, too.
  void pay(uint64_t bytes_in, uint64_t bytes_out);
  // A job of somebody else's has ended.
  void note_other(uint64_t bytes_in, uint64_t bytes_out);

  bool is_overdrawn() const { return balance_ < 0; }
  // Bytes that the policy's jobs have written, and bytes of new data since it came.
  uint64_t written() const { return written_; }
  uint64_t arrived() const { return arrived_; }

 private:
  int64_t limit() const;
  void pay_in(uint64_t bytes);

  const uint64_t memtable_bytes_;
  Shape begun_;
  Shape now_;
  std::size_t fewest_runs_ = 0;
  int64_t balance_ = 0;
  uint64_t written_ = 0;
  uint64_t arrived_ = 0;
  // Bytes by which jobs have made the tree smaller; grown by the jobs that made it larger.
  int64_t saved_ = 0;
};

}  // namespace kvhost::engine
