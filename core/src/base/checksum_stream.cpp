#include "base/checksum_stream.hpp"

#include <xxhash.h>

#include <new>

#include "base/assert.hpp"

namespace kvhost::engine {

struct ChecksumStream::State {
  XXH3_state_t* of = XXH3_createState();
  ~State() { XXH3_freeState(of); }
};

ChecksumStream::ChecksumStream() : state_(std::make_unique<State>()) {
  if (state_->of == nullptr) throw std::bad_alloc();
  KVHOST_ASSERT(XXH3_64bits_reset_withSeed(state_->of, 0) == XXH_OK, "a fresh state takes a seed");
}

ChecksumStream::~ChecksumStream() = default;

void ChecksumStream::add(std::string_view bytes) {
  KVHOST_ASSERT(XXH3_64bits_update(state_->of, bytes.data(), bytes.size()) == XXH_OK,
                "a hash takes any bytes");
}

uint64_t ChecksumStream::value() const { return XXH3_64bits_digest(state_->of); }

}  // namespace kvhost::engine
