// A protocol whose answers come in the order of the requests: bytes out, bytes in, no socket.
//
// Threads:   one each.
// Errors:    decode() throws std::runtime_error when the bytes are not the protocol.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "link.hpp"

namespace kvbench {

class Codec {
 public:
  virtual ~Codec() = default;
  // Append a request to `out`.
  virtual void encode_get(std::string_view key, std::string& out) = 0;
  virtual void encode_put(std::string_view key, std::string_view value, std::string& out) = 0;
  // Takes bytes from the beginning of `in`; true when they complete `answer`, of which kind and
  // text are set. False: what is left of `in` must be shown again, with more behind it.
  virtual bool decode(std::string_view& in, Answer& answer) = 0;
};

std::unique_ptr<Codec> make_resp_codec();
// `host`: what requests name as their host.
std::unique_ptr<Codec> make_http_codec(const std::string& host);

}  // namespace kvbench
