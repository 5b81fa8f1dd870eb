#include "kvhost/engine/state_digest.hpp"

#include "base/coding.hpp"
#include "base/hash.hpp"

namespace kvhost::engine {
namespace {

constexpr uint64_t kSecondSeed = 0x9E3779B97F4A7C15u;

void add_record(StateDigest& digest, uint32_t space, const Iterator& at, std::string& buffer) {
  buffer.clear();
  append_fixed32(buffer, space);
  append_fixed64(buffer, at.version());
  append_fixed64(buffer, at.expires_at_ms());
  append_length_prefixed(buffer, at.key());
  append_fixed64(buffer, checksum64(at.value()));
  append_fixed64(buffer, checksum64(at.value(), kSecondSeed));
  digest.words[0] += checksum64(buffer);
  digest.words[1] += checksum64(buffer, kSecondSeed);
  ++digest.records;
}

}  // namespace

Result<StateDigest> digest_state(Engine& engine, const Snapshot& snapshot,
                                 std::span<const uint32_t> spaces, const std::string& start,
                                 const std::optional<std::string>& end, uint64_t now_ms) {
  StateDigest digest;
  std::string buffer;
  for (const uint32_t space : spaces) {
    ReadOptions options;
    options.snapshot = &snapshot;
    options.fill_cache = false;
    options.now_ms = now_ms;
    KVHOST_TRY_ASSIGN(const auto iterator, engine.iterator(options, {space, start, end}));
    for (iterator->seek_to_first(); iterator->valid(); iterator->next()) {
      add_record(digest, space, *iterator, buffer);
    }
    KVHOST_TRY(iterator->status());
  }
  return digest;
}

}  // namespace kvhost::engine
