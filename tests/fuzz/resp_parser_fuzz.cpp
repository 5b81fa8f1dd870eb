// Feeds arbitrary bytes, in arbitrary pieces, to the parser of RESP commands: nothing may crash, an
// error has words, and the same bytes give the same commands however they are cut.
//
// The first byte says how the rest is cut: 0 = whole, else in pieces of that many bytes.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

#include "wire/glob.hpp"
#include "wire/numbers.hpp"
#include "wire/quoting.hpp"
#include "wire/request_parser.hpp"

using namespace kvhost::resp;

namespace {

std::string commands_of(std::string_view bytes, std::size_t step) {
  RequestParser parser({1 << 20, 1 << 21, true});
  std::string all;
  while (!bytes.empty()) {
    const auto room = parser.input_room();
    const std::size_t count = std::min({step, room.size(), bytes.size()});
    std::memcpy(room.data(), bytes.data(), count);
    bytes.remove_prefix(count);
    parser.received(count);
    for (;;) {
      const auto found = parser.next();
      if (found == RequestParser::Step::kNeedsMore) break;
      if (found == RequestParser::Step::kProtocolError) {
        if (parser.error().empty()) std::abort();
        return all;
      }
      for (const auto word : parser.arguments()) append_quoted(all, word);
      all.push_back('\n');
    }
  }
  return all;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t whole = std::max<std::size_t>(bytes.size(), 1);
  const std::size_t step = data[0] == 0 ? whole : data[0];
  // Lines that never end are refused at a size that depends on how they are cut.
  if (bytes.size() < 60'000 && commands_of(bytes, step) != commands_of(bytes, whole)) std::abort();
  const std::string_view half = bytes.substr(0, bytes.size() / 2);
  static_cast<void>(glob_matches(half, bytes.substr(half.size())));
  static_cast<void>(parse_integer(half).has_value());
  static_cast<void>(parse_long_double(half).has_value());
  return 0;
}
