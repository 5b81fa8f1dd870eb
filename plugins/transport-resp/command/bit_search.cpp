// BITCOUNT and BITPOS.
#include <algorithm>
#include <bit>
#include <optional>

#include "command/bits.hpp"
#include "command/handlers.hpp"
#include "command/reading.hpp"

namespace kvhost::resp {

namespace {

// Bits from `first` to `last`, both included; empty where first is above last.
struct BitRange {
  int64_t first = 0;
  int64_t last = -1;
  bool is_empty() const { return first > last; }
};

int64_t bits_set(std::string_view bytes) {
  int64_t count = 0;
  for (const char byte : bytes) count += std::popcount(static_cast<unsigned char>(byte));
  return count;
}

int64_t count_bits(std::string_view value, BitRange range) {
  int64_t count = 0;
  while (!range.is_empty() && range.first % 8 != 0) {
    count += bit_at(value, static_cast<uint64_t>(range.first++)) ? 1 : 0;
  }
  const int64_t bytes = range.is_empty() ? 0 : (range.last - range.first + 1) / 8;
  count += bits_set(
      value.substr(static_cast<std::size_t>(range.first / 8), static_cast<std::size_t>(bytes)));
  range.first += bytes * 8;
  while (!range.is_empty()) count += bit_at(value, static_cast<uint64_t>(range.first++)) ? 1 : 0;
  return count;
}

int64_t find_bit(std::string_view value, bool wanted, BitRange range) {
  const char skipped = wanted ? '\0' : static_cast<char>(0xff);
  while (!range.is_empty()) {
    const bool is_whole_byte = range.first % 8 == 0 && range.last - range.first >= 7;
    if (is_whole_byte && value[static_cast<std::size_t>(range.first / 8)] == skipped) {
      range.first += 8;
      continue;
    }
    if (bit_at(value, static_cast<uint64_t>(range.first)) == wanted) return range.first;
    ++range.first;
  }
  return -1;
}

// The unit that an index is in: nothing for a word that is none.
std::optional<bool> counts_bits(std::string_view word) {
  if (is_word(word, "bit")) return true;
  if (is_word(word, "byte")) return false;
  return std::nullopt;
}

BitRange to_range(int64_t first, int64_t last, bool is_bits, std::size_t bytes) {
  const int64_t total = static_cast<int64_t>(bytes) * (is_bits ? 8 : 1);
  if (first < 0) first = std::max<int64_t>(0, first + total);
  if (last < 0) last = std::max<int64_t>(0, last + total);
  last = std::min(last, total - 1);
  if (first > last) return {};
  return is_bits ? BitRange{first, last} : BitRange{first * 8, last * 8 + 7};
}

}  // namespace

void run_bitcount(Arguments words, KeyView& view, ReplyWriter& reply) {
  const Record* const record = view.find(words[1]);
  if (record == nullptr) return reply.integer(0);
  const std::string_view value = record->value;
  if (words.size() == 2) return reply.integer(bits_set(value));
  if (words.size() != 4 && words.size() != 5) return reply.error(kSyntaxError);
  Reading reading(reply);
  const auto first = reading.integer(words[2]);
  if (!first) return;
  const auto last = reading.integer(words[3]);
  if (!last) return;
  if (*first < 0 && *last < 0 && *first > *last) return reply.integer(0);
  const auto is_bits = words.size() == 5 ? counts_bits(words[4]) : false;
  if (!is_bits) return reply.error(kSyntaxError);
  reply.integer(count_bits(value, to_range(*first, *last, *is_bits, value.size())));
}

void run_bitpos(Arguments words, KeyView& view, ReplyWriter& reply) {
  Reading reading(reply);
  const auto bit = reading.integer(words[2]);
  if (!bit) return;
  if (*bit != 0 && *bit != 1) return reply.error("ERR The bit argument must be 1 or 0.");
  const bool wanted = *bit == 1;
  const Record* const record = view.find(words[1]);
  if (record == nullptr) return reply.integer(wanted ? -1 : 0);
  if (words.size() > 6) return reply.error(kSyntaxError);
  const std::string_view value = record->value;
  bool is_bits = false;
  BitRange range{0, static_cast<int64_t>(value.size()) * 8 - 1};
  const bool has_end = words.size() >= 5;
  if (words.size() >= 4) {
    const auto first = reading.integer(words[3]);
    if (!first) return;
    if (words.size() == 6) {
      const auto unit = counts_bits(words[5]);
      if (!unit) return reply.error(kSyntaxError);
      is_bits = *unit;
    }
    const auto last = has_end ? reading.integer(words[4]) : std::optional<int64_t>(-1);
    if (!last) return;
    range = to_range(*first, *last, is_bits, value.size());
  }
  if (range.is_empty()) return reply.integer(-1);
  const int64_t at = find_bit(value, wanted, range);
  // Without an end the value counts as followed by zeros.
  if (at < 0 && !wanted && !has_end) {
    return reply.integer(static_cast<int64_t>(value.size()) * 8);
  }
  reply.integer(at);
}

}  // namespace kvhost::resp
