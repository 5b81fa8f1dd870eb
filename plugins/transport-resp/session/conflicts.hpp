// Which commands of one connection may be under way together, so that a pipeline is carried out as
// if one command came after the other:
//
//   - a read waits for earlier writes of its key, a write for earlier reads of its key;
//   - writes take effect in order: blind ones are handed to the store in order; one that reads
//     before it writes is alone among writes;
//   - what concerns everything is alone.
//
// Threads:   one, the connection's.
// Keys are told apart by six bits of their hash; a chance match costs a wait, nothing else.
#pragma once

#include <array>
#include <cstdint>

namespace kvhost::resp {

struct Touch {
  enum class Kind : uint8_t {
    kNothing,
    kRead,
    kWrite,   // blind
    kCount,   // blind, but may fail alone and is then carried out by itself
    kChange,  // reads, then writes
    kAll,
  };
  Kind kind = Kind::kNothing;
  bool is_wide = false;  // several keys
  uint8_t bucket = 0;    // below 64

  static uint8_t bucket_of(uint64_t hash) { return static_cast<uint8_t>(hash >> 58); }
};

class Conflicts {
 public:
  bool must_wait(Touch touch) const {
    if (alone_ != 0) return true;
    switch (touch.kind) {
      case Touch::Kind::kNothing:
        return false;
      case Touch::Kind::kRead:
        return wide_writes_ != 0 || (touch.is_wide ? writes_ != 0 : writes_of_[touch.bucket] != 0);
      case Touch::Kind::kWrite:
        return changes_ != 0 || counts_ != 0 || reads_meet(touch);
      case Touch::Kind::kCount:
        return changes_ != 0 || counts_on_their_way_ != 0 || reads_meet(touch);
      case Touch::Kind::kChange:
        return writes_ != 0 || reads_meet(touch);
      case Touch::Kind::kAll:
        return reads_ != 0 || writes_ != 0;
    }
    return true;
  }
  void begin(Touch touch) { change(touch, 1); }
  void end(Touch touch) {
    change(touch, -1);
    if (touch.kind == Touch::Kind::kCount) --counts_on_their_way_;
  }
  // The batch that holds a kCount was handed to the store.
  void count_left() { ++counts_on_their_way_; }

 private:
  bool reads_meet(Touch touch) const {
    return wide_reads_ != 0 || (touch.is_wide ? reads_ != 0 : reads_of_[touch.bucket] != 0);
  }
  void change(Touch touch, int by) {
    switch (touch.kind) {
      case Touch::Kind::kNothing:
        return;
      case Touch::Kind::kAll:
        alone_ += by;
        return;
      case Touch::Kind::kRead:
        reads_ += by;
        (touch.is_wide ? wide_reads_ : reads_of_[touch.bucket]) += by;
        return;
      case Touch::Kind::kCount:
        counts_ += by;
        break;
      case Touch::Kind::kChange:
        changes_ += by;
        break;
      case Touch::Kind::kWrite:
        break;
    }
    writes_ += by;
    (touch.is_wide ? wide_writes_ : writes_of_[touch.bucket]) += by;
  }

  int reads_ = 0;
  int writes_ = 0;
  int wide_reads_ = 0;
  int wide_writes_ = 0;
  int counts_ = 0;
  int counts_on_their_way_ = 0;
  int changes_ = 0;
  int alone_ = 0;
  std::array<int, 64> reads_of_{};
  std::array<int, 64> writes_of_{};
};

}  // namespace kvhost::resp
