// Runs a fuzz target over its corpus without a fuzzer: every file as it is, cut short at some
// places, and with bits turned by a fixed seed. Arguments: files and folders; what is missing is
// left out.
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

namespace fs = std::filesystem;

constexpr int kDamagedCopies = 40;

void feed(const std::string& input) {
  LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(input.data()), input.size());
}

void replay(const std::string& input) {
  feed(input);
  for (std::size_t part = 1; part < 8; ++part) feed(input.substr(0, input.size() * part / 8));
  if (input.empty()) return;
  uint64_t state = 88172645463325252u;
  for (int i = 0; i < kDamagedCopies; ++i) {
    std::string damaged = input;
    for (int flips = 0; flips < 1 + i % 4; ++flips) {
      state ^= state << 13;
      state ^= state >> 7;
      state ^= state << 17;
      damaged[state % damaged.size()] ^= static_cast<char>(1u << (state >> 60 & 7));
    }
    feed(damaged);
  }
}

std::vector<fs::path> inputs(int argc, char** argv) {
  std::vector<fs::path> files;
  for (int i = 1; i < argc; ++i) {
    if (fs::is_regular_file(argv[i])) files.emplace_back(argv[i]);
    if (!fs::is_directory(argv[i])) continue;
    for (const auto& entry : fs::directory_iterator(argv[i])) {
      if (entry.is_regular_file()) files.push_back(entry.path());
    }
  }
  return files;
}

}  // namespace

int main(int argc, char** argv) {
  const auto files = inputs(argc, argv);
  feed("");
  for (const auto& path : files) {
    std::ifstream stream(path, std::ios::binary);
    replay({std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()});
  }
  std::printf("%zu inputs replayed\n", files.size());
  return 0;
}
