// Feeds arbitrary bytes to the decoders of batches: what clients and replicas send (WriteBatch),
// and what the log holds (resolved effects). Whatever is taken must read to its end and encode
// again.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "format/log_batch.hpp"
#include "kvhost/engine/write_batch.hpp"

using namespace kvhost::engine;

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

void read_batch(std::string_view input) {
  const auto batch = WriteBatch::parse(input);
  if (!batch) {
    require(!batch.error().message().empty());
    return;
  }
  uint64_t ops = 0;
  uint64_t conditions = 0;
  WriteBatch::Reader reader = batch->reader();
  while (true) {
    const auto more = reader.next();
    // What parse() has taken has no bad parts.
    require(more.has_value());
    if (!*more) break;
    require(reader.op().has_value() != reader.condition().has_value());
    reader.op() ? ++ops : ++conditions;
  }
  require(ops == batch->op_count() && conditions == batch->condition_count());
}

void read_effects(std::string_view input) {
  LogBatchDecoder decoder(input);
  uint64_t effects = 0;
  while (const auto effect = decoder.next()) {
    require(effect->key.size() + effect->value.size() <= input.size());
    ++effects;
  }
  if (decoder.status().is_ok()) require(effects == decoder.header().effects);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  read_batch(input);
  read_effects(input);
  return 0;
}
