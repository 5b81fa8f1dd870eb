#include "format/file_identity.hpp"

#include <random>

namespace kvhost::engine {

FileIdentity FileIdentity::random() {
  std::random_device device;
  const auto word = [&device] { return (uint64_t{device()} << 32) | device(); };
  return {word(), word()};
}

std::string FileIdentity::to_string() const {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  text.reserve(32);
  for (const uint64_t half : {high, low}) {
    for (int shift = 60; shift >= 0; shift -= 4) text.push_back(kDigits[(half >> shift) & 15]);
  }
  return text;
}

}  // namespace kvhost::engine
