#include "sstable/filter.hpp"

#include <algorithm>

#include "base/coding.hpp"

namespace kvhost::engine {

uint64_t FilterBuilder::lines() const {
  constexpr uint64_t kLineBits = Filter::kLineBytes * 8;
  return (hashes_.size() * bits_per_key_ + kLineBits - 1) / kLineBits;
}

std::size_t FilterBuilder::block_bytes() const {
  return hashes_.empty() ? 0 : lines() * Filter::kLineBytes + Filter::kTrailerBytes;
}

std::string FilterBuilder::finish() const {
  if (hashes_.empty()) return {};
  const uint64_t count = lines();
  // 0.6 bits set per bit of a key: less than the 0.69 of a filter in one piece, since lines fill
  // unevenly.
  const uint32_t probes = std::clamp<uint32_t>((bits_per_key_ * 3 + 2) / 5, 1, Filter::kMaxProbes);
  std::string bytes(count * Filter::kLineBytes, '\0');
  for (const uint64_t hash : hashes_) {
    char* line = bytes.data() + Filter::line_of(hash, count) * Filter::kLineBytes;
    uint64_t places = Filter::places_of(hash);
    for (uint32_t i = 0; i < probes; ++i, places >>= 9) {
      const unsigned bit = places & 511;
      line[bit / 8] = static_cast<char>(static_cast<uint8_t>(line[bit / 8]) | (1u << (bit % 8)));
    }
  }
  append_fixed32(bytes, probes);
  append_fixed32(bytes, 0);
  append_fixed64(bytes, count);
  return bytes;
}

std::string Filter::check(std::string_view bytes) {
  if (bytes.size() < kTrailerBytes) return "filter is shorter than its trailer";
  const char* trailer = bytes.data() + bytes.size() - kTrailerBytes;
  const uint32_t probes = load_fixed32(trailer);
  const uint64_t lines = load_fixed64(trailer + 8);
  const uint64_t room = bytes.size() - kTrailerBytes;
  if (lines == 0 || room % kLineBytes != 0 || lines != room / kLineBytes) {
    return "filter lines: expected " + std::to_string(room / kLineBytes) + ", found " +
           std::to_string(lines);
  }
  if (probes == 0 || probes > kMaxProbes) {
    return "filter probes: expected 1 to " + std::to_string(kMaxProbes) + ", found " +
           std::to_string(probes);
  }
  return {};
}

Filter::Filter(std::string_view bytes) : bytes_(bytes.data()) {
  const char* trailer = bytes.data() + bytes.size() - kTrailerBytes;
  probes_ = load_fixed32(trailer);
  lines_ = load_fixed64(trailer + 8);
}

}  // namespace kvhost::engine
