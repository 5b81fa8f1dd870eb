// Damaged configurations: whatever bytes a file holds, reading it ends with values or with words.
#include <catch2/catch.hpp>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "config/config_file.hpp"
#include "support/places.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace kvhost::host {
namespace {

// Small and the same on every machine: a failing seed can be run again.
class Dice {
 public:
  explicit Dice(uint64_t seed) : state_(seed) {}
  std::size_t below(std::size_t limit) {
    state_ = state_ * 6364136223846793005u + 1442695040888963407u;
    return static_cast<std::size_t>(state_ >> 33) % limit;
  }

 private:
  uint64_t state_;
};

std::vector<std::string> seeds() {
  std::vector<std::string> all{"1.5GiB", "250ms", "[::1]:80", "[=]", "[[a]]", "a.b = {c = [1,]}"};
  const std::filesystem::path folder =
      std::filesystem::path(kvhost::testing::test_data()) / "config";
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    std::ifstream file(entry.path(), std::ios::binary);
    std::string part;
    // The files' own headings end a piece, so that most pieces begin as sound TOML.
    for (std::string line; std::getline(file, line);) {
      if (line.starts_with("---") || line.starts_with("===")) {
        if (!part.empty()) all.push_back(part);
        part.clear();
      } else {
        part += line + "\n";
      }
    }
  }
  return all;
}

void damage(std::string& text, Dice& dice) {
  if (text.empty()) return;
  const std::size_t at = dice.below(text.size());
  switch (dice.below(4)) {
    case 0:
      text[at] = static_cast<char>(dice.below(256));
      break;
    case 1:
      text.erase(at, dice.below(8));
      break;
    case 2:
      text.insert(at, text.substr(dice.below(text.size()), dice.below(16)));
      break;
    default:
      text.insert(at, 1, "[]{}=.,\"'\n#"[dice.below(11)]);
  }
}

TEST_CASE("damaged configurations never fault") {
  const auto all = seeds();
  REQUIRE(all.size() > 30);
  for (uint64_t seed = 1; seed <= 3000; ++seed) {
    Dice dice(seed);
    std::string text = all[dice.below(all.size())];
    for (std::size_t left = 1 + dice.below(5); left > 0; --left) damage(text, dice);
    INFO("seed " << seed);
    CHECK(LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(text.data()), text.size()) == 0);
  }
}

TEST_CASE("deep nesting is refused, not followed") {
  std::string dotted = "a";
  for (int i = 0; i < 300'000; ++i) dotted += ".a";
  for (const std::string& text :
       {dotted + " = 1", "[" + dotted + "]", "x = {" + dotted + " = 1}", std::string(300'000, '['),
        "x = " + std::string(300'000, '['), "\"a\" . " + dotted + " = 1"}) {
    const auto root = parse_config_text("\n" + text + "\n", "node.toml");
    REQUIRE_FALSE(root.has_value());
    CHECK(root.error().message().starts_with("node.toml:"));
  }
  // Neither a line of dots nor a list of addresses is deep.
  CHECK(parse_config_text("# " + std::string(5000, '.') + "\n", "node.toml").has_value());
  std::string list = "a = [";
  for (int i = 0; i < 2000; ++i) list += "\"10.0.0.1\", ";
  CHECK(parse_config_text(list + "]\n", "node.toml").has_value());
}

}  // namespace
}  // namespace kvhost::host
