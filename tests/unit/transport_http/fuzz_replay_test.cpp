// Replays the fuzz target's corpus, and mutations of it by a fixed seed.
#include <catch2/catch.hpp>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>

#include "support/places.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

void feed(const std::string& bytes) {
  REQUIRE(LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()) ==
          0);
}

}  // namespace

TEST_CASE("the corpus of the HTTP session replays") {
  const std::filesystem::path folder = kvhost::testing::test_data() + "/http/corpus";
  std::mt19937 random(20'261'122);
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    feed(bytes);
    for (int i = 0; i < 40 && !bytes.empty(); ++i) {
      std::string changed = bytes;
      changed[random() % changed.size()] = static_cast<char>(random());
      changed.insert(random() % changed.size(), bytes, random() % bytes.size(), random() % 16);
      feed(changed);
    }
    ++files;
  }
  CHECK(files >= 10);
}
