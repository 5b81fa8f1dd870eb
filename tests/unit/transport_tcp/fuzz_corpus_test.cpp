// The fuzz target over its corpus: sessions made here, and every one-byte damage to them.
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "kvhost/store.hpp"
#include "wire/handshake.hpp"
#include "wire/request.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

using namespace kvhost;
using namespace kvhost::tcp;

namespace {

std::string whole_session() {
  std::string bytes = encode_client_hello({});
  RequestEncoder encoder(bytes);
  WriteRequest write;
  write.put("k", "v", 60);
  write.increment("n", 2);
  write.require_present("k");
  const std::vector<std::string_view> keys = {"k", "n"};
  encoder.ping(1, "hello");
  encoder.write(2, {}, write.ops(), write.conditions());
  encoder.read(3, {}, keys);
  encoder.scan(4, {}, {KVH_RANGE_TO_END, "", ""}, 1, 100);
  encoder.cursor_open(5, {}, {0, "a", "z"});
  encoder.cursor_next(6, {}, 2, 10, 100);
  encoder.cursor_close(7, 2);
  encoder.snapshot_open(8, {});
  encoder.command(9, {}, "flush", "{}");
  encoder.info(10, "status");
  encoder.cancel(11, 3);
  encoder.authenticate(12, "u", "s");
  return bytes;
}

void run(uint8_t step, const std::string& bytes) {
  std::string input(1, static_cast<char>(step));
  input += bytes;
  REQUIRE(LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(input.data()), input.size()) ==
          0);
}

}  // namespace

TEST_CASE("fuzz corpus: a whole session, in every size of piece") {
  const std::string bytes = whole_session();
  for (int step = 0; step < 256; ++step) run(static_cast<uint8_t>(step), bytes);
}

TEST_CASE("fuzz corpus: one byte damaged, one byte missing") {
  const std::string bytes = whole_session();
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    for (const char value : {'\0', '\x7f', '\xff'}) {
      std::string damaged = bytes;
      damaged[i] = value;
      run(static_cast<uint8_t>(i % 2), damaged);
    }
    run(0, bytes.substr(0, i));
  }
}
