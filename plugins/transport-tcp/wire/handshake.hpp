// The two messages that open a connection: what each side can do, and what was agreed.
//
// Threads:   values and pure functions.
// Errors:    PROTOCOL_ERROR for bytes that cannot become a greeting, as soon as that is certain.
// Format:    docs/protocols/tcp.md
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "kvhost/result.hpp"

namespace kvhost::tcp {

inline constexpr std::string_view kMagic = "KVHTCP\r\n";
inline constexpr uint16_t kProtocolVersion = 1;
inline constexpr std::size_t kMaxNameBytes = 256;

struct ClientHello {
  uint16_t min_version = kProtocolVersion;
  uint16_t max_version = kProtocolVersion;
  uint32_t features = 0;
  std::string name;  // of the program, for logs
};

struct ServerHello {
  uint16_t version = 0;  // 0: refused
  StatusCode code = StatusCode::OK;
  uint32_t features = 0;
  uint32_t max_in_flight = 0;
  uint32_t idle_timeout_ms = 0;
  uint32_t max_key_bytes = 0;
  uint64_t max_value_bytes = 0;
  uint64_t max_frame_bytes = 0;
  std::string text;  // the node's id, or why it was refused
};

std::string encode_client_hello(const ClientHello& hello);
std::string encode_server_hello(const ServerHello& hello);

template <typename Hello>
struct Greeting {
  Hello hello;
  std::size_t bytes = 0;  // what it took
};
// Nothing while more bytes are needed.
Result<std::optional<Greeting<ClientHello>>> decode_client_hello(std::string_view bytes);
Result<std::optional<Greeting<ServerHello>>> decode_server_hello(std::string_view bytes);

}  // namespace kvhost::tcp
