// Feeds arbitrary bytes, in arbitrary pieces, to an HTTP session: no input may crash it, hang it,
// or leave behind a store call, a cursor or a share of the memory for bodies.
//
// The first byte says how the rest is cut: 0 = whole, else in pieces of that many bytes.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "unit/transport_http/session_harness.hpp"

using namespace kvhost;
using namespace kvhost::http::testing;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t step = data[0] == 0 ? bytes.size() : data[0];
  SessionHarness http(data[0] % 2 == 0 ? Completion::kAtOnce : Completion::kManual);
  http.store.put("k", "value", 5000);
  http.store.put("n", "41");
  while (!bytes.empty() && http.session->wants_input()) {
    const auto piece = bytes.substr(0, std::max<std::size_t>(step, 1));
    http.send(piece);
    bytes.remove_prefix(piece.size());
    http.store.complete_all();
    http.settle();
  }
  http.session->receive_end();
  while (http.store.pending() != 0) {
    http.store.complete_all();
    http.settle();
  }
  http.settle();
  if (!http.session->finished() || http.store.open_cursors() != 0) std::abort();
  http.session->close();
  if (http.bodies.used() != 0) std::abort();
  static_cast<void>(http.answers());
  return 0;
}
