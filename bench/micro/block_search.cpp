// How should a data block be searched? Point lookups of present keys in blocks of 4 KiB, once in
// few blocks that stay in the processor's cache, once in very many; the block of a key is known.
// Usage: bench_block_search [keys]   (default 1000000); prints ns per lookup and bytes per entry.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "base/random.hpp"
#include "cpu_time.hpp"
#include "format/entry_hash.hpp"
#include "restart_block.hpp"
#include "sstable/data_block.hpp"
#include "sstable/data_block_builder.hpp"

namespace kvhost::engine::bench {
namespace {

constexpr std::size_t kBlockBytes = 4096;
constexpr int kRounds = 5;
constexpr std::size_t kLookups = 1'000'000;

struct Laid {
  std::vector<std::string> blocks;
  std::vector<uint32_t> block_of;  // by key
};

std::vector<std::string> sorted_keys(std::size_t count) {
  Random random(5);
  std::vector<std::string> keys(count);
  for (std::string& key : keys) {
    char text[24];
    std::snprintf(text, sizeof text, "%016llu",
                  static_cast<unsigned long long>(random.below(uint64_t{1} << 50)));
    key = text;
  }
  std::sort(keys.begin(), keys.end());
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  return keys;
}

Laid lay_columns(const std::vector<std::string>& keys, const std::string& value) {
  Laid laid;
  DataBlockBuilder builder;
  SequenceNumber sequence = 0;
  for (const std::string& key : keys) {
    const Record record{key, value, ++sequence};
    if (!builder.empty() && builder.block_bytes_with(record) > kBlockBytes) {
      laid.blocks.push_back(builder.finish());
    }
    builder.add(record, key_tag(key_hash(key)));
    laid.block_of.push_back(static_cast<uint32_t>(laid.blocks.size()));
  }
  laid.blocks.push_back(builder.finish());
  return laid;
}

Laid lay_restarts(const std::vector<std::string>& keys, const std::string& value) {
  Laid laid;
  RestartBlockBuilder builder;
  SequenceNumber sequence = 0;
  for (const std::string& key : keys) {
    if (builder.block_bytes() + key.size() + value.size() + 14 > kBlockBytes) {
      laid.blocks.push_back(builder.finish());
    }
    builder.add(key, ++sequence, value);
    laid.block_of.push_back(static_cast<uint32_t>(laid.blocks.size()));
  }
  laid.blocks.push_back(builder.finish());
  return laid;
}

// Best of the rounds, in ns per lookup, over keys of the first `blocks` blocks.
template <typename Search>
double measure(const std::vector<std::string>& keys, const Laid& laid, std::size_t blocks,
               Search&& search) {
  std::size_t limit = keys.size();
  while (limit > 1 && laid.block_of[limit - 1] >= blocks) --limit;
  std::vector<uint32_t> order(kLookups);
  Random random(9);
  for (uint32_t& one : order) one = static_cast<uint32_t>(random.below(limit));
  std::vector<uint64_t> hashes(kLookups);
  for (std::size_t i = 0; i < kLookups; ++i) hashes[i] = key_hash(keys[order[i]]);
  double best = 1e9;
  for (int round = 0; round < kRounds; ++round) {
    const double start = thread_cpu_ns();
    std::size_t found = 0;
    for (std::size_t i = 0; i < kLookups; ++i) {
      const std::string& key = keys[order[i]];
      const std::string_view value = search(laid.blocks[laid.block_of[order[i]]], key, hashes[i]);
      found += value.data() != nullptr && (value.empty() || value[0] == 'v');
    }
    if (found != kLookups) std::abort();
    best = std::min(best, (thread_cpu_ns() - start) / kLookups);
  }
  return best;
}

std::string_view by_tags(const std::string& bytes, const std::string& key, uint64_t hash) {
  const DataBlock block(bytes);
  const auto match = block.find(key, key_tag(hash), kMaxSequence);
  return match.entry ? block.value(*match.entry) : std::string_view();
}

std::string_view by_heads(const std::string& bytes, const std::string& key, uint64_t) {
  const DataBlock block(bytes);
  const std::size_t entry = block.lower_bound(key, kMaxSequence);
  if (entry == block.entries() || block.key_size(entry) != key.size()) return {};
  return block.value(entry);
}

void run(std::size_t count, std::size_t value_bytes) {
  const std::vector<std::string> keys = sorted_keys(count);
  const std::string value(value_bytes, 'v');
  const Laid columns = lay_columns(keys, value);
  const Laid restarts = lay_restarts(keys, value);
  const auto per_entry = [&](const Laid& laid) {
    std::size_t bytes = 0;
    for (const std::string& block : laid.blocks) bytes += block.size();
    return static_cast<double>(bytes) / static_cast<double>(keys.size());
  };
  std::string scratch;
  const auto by_restarts = [&scratch](const std::string& bytes, const std::string& key, uint64_t) {
    return find_in_restart_block(bytes, key, scratch);
  };
  std::printf("values of %zu bytes, %zu keys of 16 bytes\n", value_bytes, keys.size());
  for (const bool hot : {true, false}) {
    const auto blocks = [hot](const Laid& laid) {
      return hot ? std::size_t{32} : laid.blocks.size();
    };
    std::printf("  %s blocks: tags %5.1f ns   heads %5.1f ns   restart points %5.1f ns\n",
                hot ? "  32" : " all", measure(keys, columns, blocks(columns), by_tags),
                measure(keys, columns, blocks(columns), by_heads),
                measure(keys, restarts, blocks(restarts), by_restarts));
  }
  std::printf("  bytes per entry: columns %.1f   restart points %.1f\n", per_entry(columns),
              per_entry(restarts));
}

}  // namespace
}  // namespace kvhost::engine::bench

int main(int argc, char** argv) {
  const std::size_t count = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1'000'000;
  for (const std::size_t value_bytes : {0, 16, 100, 1000}) {
    kvhost::engine::bench::run(value_bytes >= 1000 ? count / 5 : count, value_bytes);
  }
  return 0;
}
