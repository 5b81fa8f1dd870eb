// OBJECT, MEMORY USAGE and DEBUG OBJECT: what Redis tells about its memory, for values of a store.
#include <string>

#include "command/handlers.hpp"
#include "command/reading.hpp"

namespace kvhost::resp {

namespace {

// Redis keeps short strings in one allocation with their header.
constexpr std::size_t kEmbeddedBytes = 44;
constexpr std::size_t kEntryOverheadBytes = 48;

std::string_view encoding_of(std::string_view value) {
  if (value.size() <= 20 && parse_integer(value)) return "int";
  return value.size() <= kEmbeddedBytes ? "embstr" : "raw";
}

}  // namespace

void run_object(Arguments words, KeyView& view, ReplyWriter& reply) {
  const Record* const record = view.find(words[2]);
  if (record == nullptr) return reply.null();
  if (is_word(words[1], "encoding")) return reply.bulk(encoding_of(record->value));
  if (is_word(words[1], "refcount")) return reply.integer(1);
  if (is_word(words[1], "idletime")) return reply.integer(0);
  reply.error(
      "ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that "
      "when switching between policies at runtime LRU and LFU data will take some time to adjust.");
}

void run_memory_usage(Arguments words, KeyView& view, ReplyWriter& reply) {
  for (std::size_t i = 3; i < words.size(); ++i) {
    if (!is_word(words[i], "samples") || i + 1 >= words.size()) return reply.error(kSyntaxError);
    Reading reading(reply);
    const auto samples = reading.integer(words[++i]);
    if (!samples) return;
    if (*samples < 0) return reply.error(kSyntaxError);
  }
  const Record* const record = view.find(words[2]);
  if (record == nullptr) return reply.null();
  reply.integer(static_cast<int64_t>(words[2].size() + record->value.size() + kEntryOverheadBytes));
}

void run_debug_object(Arguments words, KeyView& view, ReplyWriter& reply) {
  const Record* const record = view.find(words[2]);
  if (record == nullptr) return reply.error("ERR no such key");
  reply.simple("Value at:0x0 refcount:1 encoding:" + std::string(encoding_of(record->value)) +
               " serializedlength:" + std::to_string(record->value.size()) +
               " lru:0 lru_seconds_idle:0");
}

}  // namespace kvhost::resp
