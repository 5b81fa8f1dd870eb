// Values as arrays of bits: SETBIT, GETBIT, BITOP.
#include <algorithm>
#include <string>
#include <vector>

#include "command/bits.hpp"
#include "command/handlers.hpp"
#include "command/reading.hpp"

namespace kvhost::resp {

std::optional<uint64_t> read_bit_offset(std::string_view text, int multiplier, uint64_t max_bytes,
                                        ReplyWriter& reply) {
  constexpr std::string_view kComplaint = "ERR bit offset is not an integer or out of range";
  const bool is_multiple = multiplier > 0 && !text.empty() && text.front() == '#';
  const auto number = parse_integer(is_multiple ? text.substr(1) : text);
  int64_t offset = number.value_or(-1);
  const bool overflows = is_multiple && __builtin_mul_overflow(offset, multiplier, &offset);
  if (!number || overflows || offset < 0 || static_cast<uint64_t>(offset) / 8 >= max_bytes) {
    reply.error(kComplaint);
    return std::nullopt;
  }
  return static_cast<uint64_t>(offset);
}

void run_setbit(Arguments words, KeyView& view, ReplyWriter& reply) {
  const auto offset = read_bit_offset(words[2], 0, view.max_value_bytes(), reply);
  if (!offset) return;
  const auto bit = parse_integer(words[3]);
  if (!bit || (*bit != 0 && *bit != 1)) {
    return reply.error("ERR bit is not an integer or out of range");
  }
  const Record* const record = view.find(words[1]);
  const std::size_t byte = *offset / 8;
  const auto mask = static_cast<unsigned char>(0x80u >> (*offset % 8));
  std::string value = record == nullptr ? std::string() : record->value;
  if (value.size() <= byte) value.resize(byte + 1, '\0');
  const auto old = static_cast<unsigned char>(value[byte]);
  value[byte] = static_cast<char>(*bit == 1 ? old | mask : old & ~mask);
  reply.integer((old & mask) != 0 ? 1 : 0);
  view.change(words[1], std::move(value));
}

void run_getbit(Arguments words, KeyView& view, ReplyWriter& reply) {
  const auto offset = read_bit_offset(words[2], 0, view.max_value_bytes(), reply);
  if (!offset) return;
  const Record* const record = view.find(words[1]);
  const std::size_t byte = *offset / 8;
  if (record == nullptr || byte >= record->value.size()) return reply.integer(0);
  const auto mask = static_cast<unsigned char>(0x80u >> (*offset % 8));
  reply.integer((static_cast<unsigned char>(record->value[byte]) & mask) != 0 ? 1 : 0);
}

namespace {

enum class BitOperation : uint8_t { kAnd, kOr, kXor, kNot };

std::optional<BitOperation> read_operation(std::string_view word) {
  if (is_word(word, "and")) return BitOperation::kAnd;
  if (is_word(word, "or")) return BitOperation::kOr;
  if (is_word(word, "xor")) return BitOperation::kXor;
  if (is_word(word, "not")) return BitOperation::kNot;
  return std::nullopt;
}

// Shorter values count as followed by zeros.
std::string combine(BitOperation operation, const std::vector<std::string_view>& sources) {
  std::size_t size = 0;
  for (const auto source : sources) size = std::max(size, source.size());
  std::string result(sources[0]);
  result.resize(size, '\0');
  if (operation == BitOperation::kNot) {
    for (char& byte : result) byte = static_cast<char>(~byte);
    return result;
  }
  for (std::size_t s = 1; s < sources.size(); ++s) {
    for (std::size_t i = 0; i < size; ++i) {
      const char other = i < sources[s].size() ? sources[s][i] : '\0';
      if (operation == BitOperation::kAnd) result[i] = static_cast<char>(result[i] & other);
      if (operation == BitOperation::kOr) result[i] = static_cast<char>(result[i] | other);
      if (operation == BitOperation::kXor) result[i] = static_cast<char>(result[i] ^ other);
    }
  }
  return result;
}

}  // namespace

void run_bitop(Arguments words, KeyView& view, ReplyWriter& reply) {
  const auto operation = read_operation(words[1]);
  if (!operation) return reply.error(kSyntaxError);
  if (*operation == BitOperation::kNot && words.size() != 4) {
    return reply.error("ERR BITOP NOT must be called with a single source key.");
  }
  std::vector<std::string_view> sources;
  for (const auto key : words.subspan(3)) {
    const Record* const record = view.find(key);
    sources.push_back(record == nullptr ? std::string_view() : record->value);
  }
  std::string result = combine(*operation, sources);
  reply.integer(static_cast<int64_t>(result.size()));
  if (!result.empty()) {
    view.put(words[2], std::move(result), Expiry::never());
  } else if (view.find(words[2]) != nullptr) {
    view.erase(words[2]);
  }
}

}  // namespace kvhost::resp
