// BITFIELD and BITFIELD_RO: integers of any width at any bit.
#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "command/bits.hpp"
#include "command/handlers.hpp"
#include "command/reading.hpp"

namespace kvhost::resp {

namespace {

// Holds the sum of any two fields.
__extension__ typedef __int128 Wide;

enum class Overflow : uint8_t { kWrap, kSaturate, kFail };
enum class Action : uint8_t { kGet, kSet, kIncrement };

struct FieldType {
  bool is_signed = false;
  int bits = 0;
};

struct FieldOperation {
  Action action = Action::kGet;
  Overflow overflow = Overflow::kWrap;
  FieldType type;
  uint64_t offset = 0;
  int64_t argument = 0;
};

std::optional<FieldType> read_type(std::string_view text) {
  if (text.empty() || (text[0] != 'i' && text[0] != 'u')) return std::nullopt;
  const bool is_signed = text[0] == 'i';
  const auto bits = parse_integer(text.substr(1));
  if (!bits || *bits < 1 || *bits > (is_signed ? 64 : 63)) return std::nullopt;
  return FieldType{is_signed, static_cast<int>(*bits)};
}

std::optional<Overflow> read_overflow(std::string_view word) {
  if (is_word(word, "wrap")) return Overflow::kWrap;
  if (is_word(word, "sat")) return Overflow::kSaturate;
  if (is_word(word, "fail")) return Overflow::kFail;
  return std::nullopt;
}

std::optional<Action> read_action(std::string_view word, std::size_t words_left) {
  if (is_word(word, "get") && words_left >= 2) return Action::kGet;
  if (is_word(word, "set") && words_left >= 3) return Action::kSet;
  if (is_word(word, "incrby") && words_left >= 3) return Action::kIncrement;
  return std::nullopt;
}

// False after a complaint.
bool read_operations(Arguments words, uint64_t max_bytes, std::vector<FieldOperation>& all,
                     ReplyWriter& reply) {
  Overflow overflow = Overflow::kWrap;
  for (std::size_t i = 2; i < words.size(); ++i) {
    const std::size_t left = words.size() - i - 1;
    if (is_word(words[i], "overflow") && left >= 1) {
      const auto wanted = read_overflow(words[++i]);
      if (!wanted) {
        reply.error("ERR Invalid OVERFLOW type specified");
        return false;
      }
      overflow = *wanted;
      continue;
    }
    const auto action = read_action(words[i], left);
    if (!action) {
      reply.error(kSyntaxError);
      return false;
    }
    const auto type = read_type(words[i + 1]);
    if (!type) {
      reply.error(
          "ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported "
          "but "
          "i64 is.");
      return false;
    }
    const auto offset = read_bit_offset(words[i + 2], type->bits, max_bytes, reply);
    if (!offset) return false;
    FieldOperation operation{*action, overflow, *type, *offset, 0};
    i += 2;
    if (*action != Action::kGet) {
      const auto argument = parse_integer(words[++i]);
      if (!argument) {
        reply.error(kNotAnInteger);
        return false;
      }
      operation.argument = *argument;
    }
    all.push_back(operation);
  }
  return true;
}

uint64_t read_bits(std::string_view value, const FieldOperation& field) {
  uint64_t number = 0;
  for (int i = 0; i < field.type.bits; ++i) {
    const uint64_t bit = field.offset + static_cast<uint64_t>(i);
    const bool is_set = bit / 8 < value.size() && bit_at(value, bit);
    number = number << 1 | (is_set ? 1 : 0);
  }
  return number;
}

void write_bits(std::string& value, const FieldOperation& field, uint64_t number) {
  for (int i = 0; i < field.type.bits; ++i) {
    const uint64_t bit = field.offset + static_cast<uint64_t>(i);
    const auto mask = static_cast<unsigned char>(0x80u >> (bit % 8));
    const bool is_set = (number >> (field.type.bits - 1 - i) & 1) != 0;
    const auto byte = static_cast<unsigned char>(value[bit / 8]);
    value[bit / 8] = static_cast<char>(is_set ? byte | mask : byte & ~mask);
  }
}

Wide lowest(FieldType type) {
  return type.is_signed ? -(static_cast<Wide>(1) << (type.bits - 1)) : 0;
}
Wide highest(FieldType type) {
  return (static_cast<Wide>(1) << (type.is_signed ? type.bits - 1 : type.bits)) - 1;
}

// The number that the bits stand for.
Wide meaning(uint64_t bits, FieldType type) {
  const auto plain = static_cast<Wide>(bits);
  if (!type.is_signed || (bits >> (type.bits - 1) & 1) == 0) return plain;
  return plain - (static_cast<Wide>(1) << type.bits);
}

// The wanted number as the field can hold it; nothing where it must not be written.
std::optional<Wide> fit(Wide wanted, const FieldOperation& field) {
  const Wide low = lowest(field.type);
  const Wide high = highest(field.type);
  if (wanted >= low && wanted <= high) return wanted;
  if (field.overflow == Overflow::kFail) return std::nullopt;
  if (field.overflow == Overflow::kSaturate) return wanted < low ? low : high;
  const auto mask = (static_cast<Wide>(1) << field.type.bits) - 1;
  return meaning(static_cast<uint64_t>(wanted & mask), field.type);
}

void carry_out(const FieldOperation& field, std::string& value, ReplyWriter& reply) {
  const Wide old = meaning(read_bits(value, field), field.type);
  if (field.action == Action::kGet) return reply.integer(static_cast<int64_t>(old));
  // An unsigned field reads the argument's 64 bits as they are.
  const Wide argument = field.type.is_signed || field.action == Action::kIncrement
                            ? static_cast<Wide>(field.argument)
                            : static_cast<Wide>(static_cast<uint64_t>(field.argument));
  const auto fitted = fit(field.action == Action::kSet ? argument : old + argument, field);
  if (!fitted) return reply.null();
  write_bits(value, field, static_cast<uint64_t>(*fitted));
  reply.integer(static_cast<int64_t>(field.action == Action::kSet ? old : *fitted));
}

void run(Arguments words, KeyView& view, ReplyWriter& reply, bool is_read_only) {
  std::vector<FieldOperation> operations;
  if (!read_operations(words, view.max_value_bytes(), operations, reply)) return;
  uint64_t needed = 0;
  for (const auto& each : operations) {
    if (each.action == Action::kGet) continue;
    if (is_read_only) return reply.error("ERR BITFIELD_RO only supports the GET subcommand");
    needed = std::max(needed, (each.offset + static_cast<uint64_t>(each.type.bits) + 7) / 8);
  }
  const Record* const record = view.find(words[1]);
  std::string value = record == nullptr ? std::string() : record->value;
  if (value.size() < needed) value.resize(needed, '\0');
  reply.array(operations.size());
  for (const auto& each : operations) carry_out(each, value, reply);
  if (needed != 0) view.change(words[1], std::move(value));
}

}  // namespace

void run_bitfield(Arguments words, KeyView& view, ReplyWriter& reply) {
  run(words, view, reply, false);
}

void run_bitfield_ro(Arguments words, KeyView& view, ReplyWriter& reply) {
  run(words, view, reply, true);
}

}  // namespace kvhost::resp
