#include "base/arena.hpp"

#include <catch2/catch.hpp>
#include <cstring>

#include "base/random.hpp"

namespace kvhost::engine {
namespace {

TEST_CASE("pieces are aligned, apart from each other and stay as written") {
  Arena arena(64 << 10);
  Random random(7);
  struct Piece {
    char* at;
    std::size_t bytes;
    char fill;
  };
  std::vector<Piece> pieces;
  std::size_t sum = 0;
  for (int i = 0; i < 2000; ++i) {
    const std::size_t bytes =
        random.one_in(50) ? 20'000 + random.below(100'000) : random.below(300);
    const std::size_t alignment = std::size_t{1} << random.below(7);
    char* const at = arena.allocate(bytes, alignment);
    REQUIRE(reinterpret_cast<uintptr_t>(at) % alignment == 0);
    const char fill = static_cast<char>(i);
    if (bytes > 0) std::memset(at, fill, bytes);
    pieces.push_back({at, bytes, fill});
    sum += bytes;
  }
  for (const Piece& piece : pieces) {
    for (std::size_t i = 0; i < piece.bytes; ++i) REQUIRE(piece.at[i] == piece.fill);
  }
  CHECK(arena.bytes_used() >= sum);
  CHECK(arena.bytes_reserved() >= arena.bytes_used());
}

TEST_CASE("a small arena takes little, a big block is counted whole") {
  Arena arena;
  CHECK(arena.bytes_reserved() == 0);
  CHECK(arena.copy("value") == "value");
  CHECK(arena.bytes_reserved() == 4096);
  arena.allocate(Arena::kHugePage + 1);
  CHECK(arena.bytes_reserved() == 4096 + 2 * Arena::kHugePage);
}

TEST_CASE("an arena with the default block size does not waste its memory") {
  Arena arena;
  for (int i = 0; i < 200'000; ++i) arena.allocate(100, 8);
  CHECK(arena.bytes_reserved() < arena.bytes_used() + 2 * Arena::kHugePage);
}

TEST_CASE("huge blocks go from one arena to the next, up to a limit") {
  const auto blocks = std::make_shared<ArenaBlocks>(2 * ArenaBlocks::kBlock);
  const auto fill = [&] {
    Arena arena(Arena::kHugePage, blocks);
    // Small blocks first, then three of a huge page; one piece that needs a block of its own.
    while (arena.bytes_reserved() < 4 * Arena::kHugePage) arena.copy(std::string(1000, 'x'));
    arena.allocate(Arena::kHugePage + 1);
    CHECK(blocks->kept() == 0);
  };
  fill();
  CHECK(blocks->kept() == 2);
  fill();
  CHECK(blocks->kept() == 2);
  char* const first = blocks->take();
  CHECK(reinterpret_cast<uintptr_t>(first) % ArenaBlocks::kBlock == 0);
  CHECK(blocks->kept() == 1);
  blocks->give(first);
}

}  // namespace
}  // namespace kvhost::engine
