#include "random_tree.hpp"

#include <algorithm>
#include <set>

namespace kvhost::conformance {

using testing::TestFile;
using testing::TestRun;
using testing::TestTree;

// Short, of any bytes: prefixes of each other, 0x00 and 0xFF among them.
std::string RandomTree::key() {
  static constexpr char kBytes[] = {'\0', 'a', 'b', 'k', 'm', 'z', '\x7f', '\xff'};
  std::string text;
  const std::size_t length = 1 + below(5);
  for (std::size_t i = 0; i < length; ++i) text += kBytes[below(sizeof(kBytes))];
  return text;
}

void RandomTree::color(TestTree& tree, TestFile& file) {
  file.bytes = uint64_t{1} << (10 + below(17));
  file.entries = file.bytes / 100 + 1;
  if (below(5) == 0) file.tombstones = below(file.entries);
  if (below(9) == 0) file.range_deletes = 1 + below(3);
  if (below(5) == 0) file.estimated_garbage_bytes = below(file.bytes);
  if (below(7) == 0) file.read_touches = below(100000);
  if (below(4) == 0) {
    const bool is_all = below(2) == 0 && file.tombstones == 0;
    file.ttl_entries = is_all ? file.entries : 1 + below(file.entries);
    file.min_expires_at_ms = tree.now_ms - 1000 + below(2000);
    file.max_expires_at_ms = file.min_expires_at_ms + below(100000);
  }
  file.created_at_ms = tree.now_ms - below(100'000'000);
}

void RandomTree::fill(TestTree& tree, TestRun& run, std::size_t files) {
  std::set<std::string> keys;
  while (keys.size() < 2 * files) keys.insert(key());
  for (auto at = keys.begin(); at != keys.end(); std::advance(at, 2)) {
    // Some files hold one key.
    const bool is_single = below(6) == 0;
    color(tree, tree.add_file(run, *at, is_single ? *at : *std::next(at)));
  }
}

TestTree RandomTree::draw(std::size_t most_runs, std::size_t most_files) {
  TestTree tree;
  tree.max_workers = 1 + static_cast<uint32_t>(below(4));
  tree.idle_workers = static_cast<uint32_t>(below(tree.max_workers + 1));
  const std::size_t runs = below(most_runs + 1);
  uint32_t level = 0;
  for (std::size_t i = 0; i < runs; ++i) {
    // Mostly several runs of level 0, then one or a few of each level, gaps included.
    if (below(3) == 0) level += 1 + static_cast<uint32_t>(below(2));
    fill(tree, tree.add_run(level), level == 0 ? 1 : 1 + below(most_files));
  }
  for (auto& run : tree.runs) {
    for (auto& file : run.files) file.busy = below(12) == 0;
  }
  return tree;
}

void RandomTree::flush(TestTree& tree) {
  std::string smallest = key();
  std::string largest = key();
  if (largest < smallest) std::swap(smallest, largest);
  tree.flush(smallest, largest, uint64_t{1} << 20);
}

}  // namespace kvhost::conformance
