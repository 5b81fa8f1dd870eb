// Which index should the memtable have? Inserts random keys of 16 bytes with values of 100 bytes
// into each candidate, looks all of them up in another order, and walks them.
// Usage: bench_memtable_index [keys…]   (default 500000 2000000); prints ns per operation.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

#include "base/arena.hpp"
#include "base/random.hpp"
#include "cpu_time.hpp"
#include "memtable/radix_iterator.hpp"
#include "memtable/radix_tree.hpp"
#include "plain_btree.hpp"
#include "skip_list.hpp"

namespace kvhost::engine::bench {
namespace {

constexpr int kRounds = 3;

struct Times {
  double insert_ns = 1e9;
  double lookup_ns = 1e9;
  double walk_ns = 1e9;
  double bytes_per_key = 0;
};

struct RadixCandidate {
  explicit RadixCandidate(Arena& arena) : tree(arena) {}
  void insert(const Record& record) { tree.insert(record); }
  const Leaf* find(std::string_view key) const { return tree.find(key); }
  template <typename Visitor>
  void for_each(Visitor&& visit) const {
    RadixIterator iterator(tree);
    for (iterator.seek_to_first(); iterator.valid(); iterator.next()) visit(iterator.record());
  }
  RadixTree tree;
};

std::vector<std::string> random_keys(std::size_t count, bool decimal) {
  Random random(7);
  std::vector<std::string> keys(count);
  for (std::size_t i = 0; i < count; ++i) {
    keys[i].resize(16);
    if (decimal) {
      std::snprintf(keys[i].data(), 17, "%016llu",
                    static_cast<unsigned long long>(random.below(count)));
    } else {
      const uint64_t words[2] = {random.next(), random.next()};
      std::memcpy(keys[i].data(), words, 16);
    }
  }
  return keys;
}

double ns_since(double start, std::size_t operations) {
  return (thread_cpu_ns() - start) / static_cast<double>(operations);
}

std::size_t first_byte(const Record& record) { return static_cast<uint8_t>(record.value[0]); }
std::size_t first_byte(const Leaf& leaf) {
  return static_cast<uint8_t>(leaf.newest.load(std::memory_order_acquire)->value()[0]);
}

template <typename Candidate>
void measure(const std::vector<std::string>& keys, const std::vector<uint32_t>& order,
             std::size_t arena_block, Times& best) {
  const std::string value(100, 'v');
  Arena arena(arena_block);
  Candidate candidate(arena);
  double start = thread_cpu_ns();
  SequenceNumber sequence = 0;
  for (const std::string& key : keys) candidate.insert({key, value, ++sequence});
  best.insert_ns = std::min(best.insert_ns, ns_since(start, keys.size()));
  start = thread_cpu_ns();
  std::size_t found = 0;
  for (const uint32_t i : order) {
    const Leaf* leaf = candidate.find(keys[i]);
    if (leaf != nullptr) found += leaf->newest.load(std::memory_order_acquire)->value()[0] == 'v';
  }
  best.lookup_ns = std::min(best.lookup_ns, ns_since(start, keys.size()));
  if (found != keys.size()) std::abort();
  start = thread_cpu_ns();
  std::size_t walked = 0;
  std::size_t bytes = 0;
  candidate.for_each([&walked, &bytes](const auto& one) {
    ++walked;
    bytes += first_byte(one);
  });
  best.walk_ns = std::min(best.walk_ns, ns_since(start, walked));
  if (bytes != walked * 'v') std::abort();
  best.bytes_per_key = static_cast<double>(arena.bytes_used()) / static_cast<double>(walked);
}

void print(const char* name, const Times& times) {
  std::printf("  %-10s insert %6.0f ns   lookup %6.0f ns   walk %5.1f ns   %4.0f bytes a key\n",
              name, times.insert_ns, times.lookup_ns, times.walk_ns, times.bytes_per_key);
}

void run(std::size_t count, bool decimal) {
  const std::vector<std::string> keys = random_keys(count, decimal);
  std::vector<uint32_t> order(count);
  for (std::size_t i = 0; i < count; ++i) order[i] = static_cast<uint32_t>(i);
  Random random(9);
  for (std::size_t i = count; i > 1; --i) std::swap(order[i - 1], order[random.below(i)]);
  std::printf("%zu %s keys of 16 bytes, values of 100 bytes, best of %d rounds\n", count,
              decimal ? "decimal" : "binary", kRounds);
  for (const std::size_t arena_block : {Arena::kHugePage, std::size_t{256} << 10}) {
    Times radix, skip, btree;
    for (int round = 0; round < kRounds; ++round) {
      measure<RadixCandidate>(keys, order, arena_block, radix);
      measure<SkipList>(keys, order, arena_block, skip);
      measure<PlainBtree>(keys, order, arena_block, btree);
    }
    std::printf(" arena on %s pages\n", arena_block == Arena::kHugePage ? "2 MiB" : "4 KiB");
    print("radix", radix);
    print("skiplist", skip);
    print("b+-tree", btree);
  }
}

}  // namespace
}  // namespace kvhost::engine::bench

int main(int argc, char** argv) {
  std::vector<std::size_t> counts;
  for (int i = 1; i < argc; ++i) counts.push_back(std::strtoull(argv[i], nullptr, 10));
  if (counts.empty()) counts = {500'000, 2'000'000};
  for (const std::size_t count : counts) {
    kvhost::engine::bench::run(count, false);
    kvhost::engine::bench::run(count, true);
  }
  return 0;
}
