#include "wire/handshake.hpp"

#include "wire/byte_reader.hpp"
#include "wire/byte_writer.hpp"

namespace kvhost::tcp {

namespace {

constexpr std::size_t kClientFixedBytes = 18;
constexpr std::size_t kServerFixedBytes = 46;

Status check_magic(std::string_view bytes) {
  const auto there = bytes.substr(0, kMagic.size());
  if (there == kMagic.substr(0, there.size())) return {};
  return {StatusCode::PROTOCOL_ERROR,
          "handshake: expected the magic \"KVHTCP\\r\\n\", found other bytes; this port speaks the "
          "kvhost TCP protocol"};
}

}  // namespace

std::string encode_client_hello(const ClientHello& hello) {
  std::string bytes;
  ByteWriter writer(bytes);
  writer.raw(kMagic);
  writer.u16(hello.min_version);
  writer.u16(hello.max_version);
  writer.u32(hello.features);
  writer.counted16(std::string_view(hello.name).substr(0, kMaxNameBytes));
  return bytes;
}

std::string encode_server_hello(const ServerHello& hello) {
  std::string bytes;
  ByteWriter writer(bytes);
  writer.raw(kMagic);
  writer.u16(hello.version);
  writer.u16(static_cast<uint16_t>(hello.code));
  writer.u32(hello.features);
  writer.u32(hello.max_in_flight);
  writer.u32(hello.idle_timeout_ms);
  writer.u32(hello.max_key_bytes);
  writer.u64(hello.max_value_bytes);
  writer.u64(hello.max_frame_bytes);
  writer.counted16(std::string_view(hello.text).substr(0, 0xffff));
  return bytes;
}

Result<std::optional<Greeting<ClientHello>>> decode_client_hello(std::string_view bytes) {
  using Answer = std::optional<Greeting<ClientHello>>;
  KVHOST_TRY(check_magic(bytes));
  if (bytes.size() < kClientFixedBytes) return Answer();
  ByteReader reader(bytes);
  reader.raw("magic", kMagic.size());
  ClientHello hello;
  hello.min_version = reader.u16("min version");
  hello.max_version = reader.u16("max version");
  hello.features = reader.u32("features");
  const uint16_t name_bytes = reader.u16("name length");
  if (name_bytes > kMaxNameBytes) {
    return Status(StatusCode::PROTOCOL_ERROR, "handshake: name length says " +
                                                  std::to_string(name_bytes) + ", at most " +
                                                  std::to_string(kMaxNameBytes) + " are allowed");
  }
  if (hello.min_version > hello.max_version) {
    return Status(StatusCode::PROTOCOL_ERROR,
                  "handshake: min version " + std::to_string(hello.min_version) +
                      " is above max version " + std::to_string(hello.max_version));
  }
  if (reader.left() < name_bytes) return Answer();
  hello.name = reader.raw("name", name_bytes);
  return Answer(Greeting<ClientHello>{std::move(hello), bytes.size() - reader.left()});
}

Result<std::optional<Greeting<ServerHello>>> decode_server_hello(std::string_view bytes) {
  using Answer = std::optional<Greeting<ServerHello>>;
  KVHOST_TRY(check_magic(bytes));
  if (bytes.size() < kServerFixedBytes) return Answer();
  ByteReader reader(bytes);
  reader.raw("magic", kMagic.size());
  ServerHello hello;
  hello.version = reader.u16("version");
  hello.code = static_cast<StatusCode>(reader.u16("status"));
  hello.features = reader.u32("features");
  hello.max_in_flight = reader.u32("max in flight");
  hello.idle_timeout_ms = reader.u32("idle timeout");
  hello.max_key_bytes = reader.u32("max key bytes");
  hello.max_value_bytes = reader.u64("max value bytes");
  hello.max_frame_bytes = reader.u64("max frame bytes");
  const uint16_t text_bytes = reader.u16("text length");
  if (reader.left() < text_bytes) return Answer();
  hello.text = reader.raw("text", text_bytes);
  return Answer(Greeting<ServerHello>{std::move(hello), bytes.size() - reader.left()});
}

}  // namespace kvhost::tcp
