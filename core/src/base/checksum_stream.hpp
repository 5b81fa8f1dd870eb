// checksum64() of bytes that come in pieces.
//
// Threads:   one.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

namespace kvhost::engine {

class ChecksumStream {
 public:
  ChecksumStream();
  ~ChecksumStream();
  ChecksumStream(const ChecksumStream&) = delete;
  ChecksumStream& operator=(const ChecksumStream&) = delete;

  void add(std::string_view bytes);
  // Of everything added so far; equal to checksum64() of it in one piece.
  uint64_t value() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace kvhost::engine
