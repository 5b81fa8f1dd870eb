// How the bytes of a block are compressed. Stored in tables: numbers never change.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace kvhost::engine {

enum class Codec : uint8_t { kNone = 0, kLz4 = 1, kZstd = 2 };

constexpr std::string_view codec_name(Codec codec) {
  switch (codec) {
    case Codec::kNone:
      return "none";
    case Codec::kLz4:
      return "lz4";
    case Codec::kZstd:
      return "zstd";
  }
  return "unknown";
}

constexpr std::optional<Codec> codec_from_name(std::string_view name) {
  for (const Codec codec : {Codec::kNone, Codec::kLz4, Codec::kZstd}) {
    if (codec_name(codec) == name) return codec;
  }
  return std::nullopt;
}

}  // namespace kvhost::engine
