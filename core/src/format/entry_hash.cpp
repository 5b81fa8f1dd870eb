#include "format/entry_hash.hpp"

#include "base/hash.hpp"

namespace kvhost::engine {
namespace {

// The finaliser of SplitMix64.
constexpr uint64_t mix(uint64_t x) {
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
  return x ^ (x >> 31);
}

}  // namespace

uint64_t key_hash(std::string_view engine_key) { return checksum64(engine_key); }

uint64_t record_hash(const Record& record, uint64_t hash) {
  const uint64_t version = (record.sequence << 8) | static_cast<uint8_t>(record.type);
  const uint64_t head = mix(hash ^ mix(version ^ mix(record.expires_at_ms)));
  // The key's length goes in too: without it nothing but the hash would stand for the key.
  return mix(head + record.key.size()) ^ checksum64(record.value, head);
}

uint64_t record_hash(const Record& record) { return record_hash(record, key_hash(record.key)); }

}  // namespace kvhost::engine
