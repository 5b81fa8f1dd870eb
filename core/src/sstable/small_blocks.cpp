#include "sstable/small_blocks.hpp"

#include <vector>

#include "base/coding.hpp"
#include "sstable/block_envelope.hpp"

namespace kvhost::engine {
namespace {

// Stored in tables: numbers never change, new ones are appended.
enum class Property : uint64_t {
  kIdentityHigh = 1,
  kIdentityLow = 2,
  kCodec = 3,
  kEntries = 4,
  kTombstones = 5,
  kRangeTombstones = 6,
  kDistinctKeys = 7,
  kRawKeyBytes = 8,
  kRawValueBytes = 9,
  kDataBlocks = 10,
  kDataBytes = 11,
  kMinSequence = 12,
  kMaxSequence = 13,
  kSmallestKey = 14,
  kLargestKey = 15,
  kLargestIsExclusive = 16,
  kExpiringEntries = 17,
  kMinExpiresAtMs = 18,
  kMaxExpiresAtMs = 19,
  kEntriesHash = 20,
};

struct Numbers {
  uint64_t codec = 0;
  uint64_t largest_is_exclusive = 0;
};

// Calls visit(property, number) for every property that is one.
template <typename Properties, typename Visitor>
void for_each_number(Properties& p, Numbers& numbers, Visitor&& visit) {
  visit(Property::kIdentityHigh, p.identity.high);
  visit(Property::kIdentityLow, p.identity.low);
  visit(Property::kCodec, numbers.codec);
  visit(Property::kEntries, p.entries);
  visit(Property::kTombstones, p.tombstones);
  visit(Property::kRangeTombstones, p.range_tombstones);
  visit(Property::kDistinctKeys, p.distinct_keys);
  visit(Property::kRawKeyBytes, p.raw_key_bytes);
  visit(Property::kRawValueBytes, p.raw_value_bytes);
  visit(Property::kDataBlocks, p.data_blocks);
  visit(Property::kDataBytes, p.data_bytes);
  visit(Property::kMinSequence, p.min_sequence);
  visit(Property::kMaxSequence, p.max_sequence);
  visit(Property::kLargestIsExclusive, numbers.largest_is_exclusive);
  visit(Property::kExpiringEntries, p.expiring_entries);
  visit(Property::kMinExpiresAtMs, p.min_expires_at_ms);
  visit(Property::kMaxExpiresAtMs, p.max_expires_at_ms);
  visit(Property::kEntriesHash, p.entries_hash);
}

}  // namespace

std::string encode_properties(const TableProperties& properties) {
  std::string payload;
  Numbers numbers{static_cast<uint64_t>(properties.codec),
                  properties.largest_is_exclusive ? 1u : 0u};
  for_each_number(properties, numbers, [&payload](Property property, uint64_t value) {
    append_varint64(payload, static_cast<uint64_t>(property));
    append_varint64(payload, varint_size(value));
    append_varint64(payload, value);
  });
  append_varint64(payload, static_cast<uint64_t>(Property::kSmallestKey));
  append_length_prefixed(payload, properties.smallest_key);
  append_varint64(payload, static_cast<uint64_t>(Property::kLargestKey));
  append_length_prefixed(payload, properties.largest_key);
  return payload;
}

Result<TableProperties> decode_properties(std::string_view payload, uint64_t offset,
                                          const std::string& path) {
  TableProperties properties;
  Numbers numbers;
  Decoder decoder(payload);
  while (decoder.ok() && !decoder.finished()) {
    const auto number = static_cast<Property>(decoder.varint64());
    const std::string_view bytes = decoder.length_prefixed();
    if (number == Property::kSmallestKey) properties.smallest_key = bytes;
    if (number == Property::kLargestKey) properties.largest_key = bytes;
    for_each_number(properties, numbers, [&](Property property, uint64_t& value) {
      if (property == number) value = Decoder(bytes).varint64();
    });
  }
  if (!decoder.finished()) {
    return table_corruption(
        path, offset,
        "properties end within a value, at byte " + std::to_string(decoder.position()));
  }
  if (numbers.codec > static_cast<uint64_t>(Codec::kZstd)) {
    return table_corruption(path, offset,
                            "properties name codec " + std::to_string(numbers.codec) +
                                ", known are 0 (none), 1 (lz4), 2 (zstd)");
  }
  properties.codec = static_cast<Codec>(numbers.codec);
  properties.largest_is_exclusive = numbers.largest_is_exclusive != 0;
  return properties;
}

std::string encode_range_tombstones(std::span<const RangeTombstone> tombstones) {
  std::string payload;
  append_varint64(payload, tombstones.size());
  for (const RangeTombstone& one : tombstones) {
    append_length_prefixed(payload, one.start);
    append_length_prefixed(payload, one.end);
    append_varint64(payload, one.sequence);
  }
  return payload;
}

Result<std::shared_ptr<const FragmentedRangeTombstones>> decode_range_tombstones(
    std::string_view payload, uint64_t offset, const std::string& path) {
  Decoder decoder(payload);
  const uint64_t count = decoder.varint64();
  // Each takes at least three bytes.
  if (!decoder.ok() || count > decoder.remaining() / 3) {
    return table_corruption(
        path, offset,
        "range tombstones: at most " + expected_found(decoder.remaining() / 3, count));
  }
  std::vector<RangeTombstone> tombstones;
  tombstones.reserve(count);
  for (uint64_t i = 0; i < count; ++i) {
    RangeTombstone one;
    one.start = decoder.length_prefixed();
    one.end = decoder.length_prefixed();
    one.sequence = decoder.varint64();
    if (!decoder.ok() || one.start >= one.end || one.sequence > kMaxSequence) {
      return table_corruption(
          path, offset, "range tombstone " + std::to_string(i) + " is cut off or covers nothing");
    }
    tombstones.push_back(one);
  }
  if (!decoder.finished()) {
    return table_corruption(path, offset,
                            "range tombstones: bytes after the last: " +
                                expected_found(decoder.position(), payload.size()));
  }
  return FragmentedRangeTombstones::copy_of(tombstones);
}

}  // namespace kvhost::engine
