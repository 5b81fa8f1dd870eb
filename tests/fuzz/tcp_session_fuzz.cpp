// Feeds arbitrary bytes, in arbitrary pieces, to a TCP session whose requests a store in memory
// carries out: nothing may crash, and every request taken is answered.
//
// The first byte says how the rest is cut: 0 = whole, else in pieces of that many bytes. An odd one
// makes the store answer later.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "request_runner.hpp"
#include "session.hpp"
#include "support/fake_host.hpp"
#include "support/fake_store.hpp"
#include "wire/reply.hpp"

using namespace kvhost;
using namespace kvhost::tcp;
using kvhost::testing::Completion;

namespace {

void carry_out(Session& session, RequestRunner& runner, ReplyBox& box, testing::FakeStore& store) {
  while (const auto frame = session.next_frame()) {
    if (const auto reply = runner.run(*frame)) session.reply(*reply, 1);
    store.complete_all();
    const auto ready = box.take({});
    session.reply(ready.frames, ready.count);
    session.sent(session.take_output().size());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t step = data[0] == 0 ? std::max<std::size_t>(bytes.size(), 1) : data[0];
  testing::FakeStore store(data[0] % 2 == 0 ? Completion::kAtOnce : Completion::kManual);
  testing::FakeHost host(store.table());
  store.put("k", "value", 5000);
  TcpMetrics metrics(Context(host.table()).metrics());
  BoxCount boxes;
  const uint64_t id = *Store(store.table()).open_session("tcp", "fuzz");
  auto box = std::make_shared<ReplyBox>(
      *store.table(), id, [] {}, boxes);
  RequestRunner runner(box, metrics, 1 << 20);
  Session session({}, {1 << 20, 16, 1 << 20});
  while (!bytes.empty() && session.wants_input()) {
    const auto piece = bytes.substr(0, step);
    bytes.remove_prefix(piece.size());
    for (std::size_t at = 0; at < piece.size();) {
      const auto room = session.input_room();
      const std::size_t count = std::min(room.size(), piece.size() - at);
      std::memcpy(room.data(), piece.data() + at, count);
      session.received(count);
      at += count;
      carry_out(session, runner, *box, store);
    }
  }
  if (session.in_flight() != 0) std::abort();
  // What came in may also be read as a reply.
  const Frame frame{0x8012, 0, 1, std::string_view(reinterpret_cast<const char*>(data), size)};
  static_cast<void>(decode_rows_reply(frame).status());
  static_cast<void>(decode_write_reply(frame).status());
  static_cast<void>(decode_error(frame).status);
  static_cast<void>(decode_server_hello(frame.payload).status());
  return 0;
}
