// A connection's bytes, plain or under TLS.
//
// Threads:   one, its io_context's.
// Lifetime:  by shared_ptr; handlers keep it alive.
// Errors:    the error_code of the socket or of TLS; an identity that does not fit ends a TLS
//            handshake.
#pragma once

#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/system/error_code.hpp>
#include <functional>
#include <memory>
#include <string>

#include "kvhost/result.hpp"

namespace boost::asio::ssl {
class context;
}

namespace kvhost::leader_follower {

class Stream {
 public:
  using Socket = boost::asio::ip::tcp::socket;
  using Handler = std::function<void(boost::system::error_code, std::size_t)>;
  virtual ~Stream() = default;
  // Before anything else; `done` with a failure ends the connection.
  virtual void shake_hands(bool is_client, std::function<void(Status)> done) = 0;
  virtual void read_some(boost::asio::mutable_buffer room, Handler done) = 0;
  virtual void write(boost::asio::const_buffer bytes, Handler done) = 0;
  virtual void close() = 0;
  // Under TLS: does the peer's certificate name this node?
  virtual Status check_identity(const std::string& node_id) const = 0;
};

std::shared_ptr<Stream> plain_stream(Stream::Socket socket);
std::shared_ptr<Stream> tls_stream(Stream::Socket socket,
                                   const std::shared_ptr<boost::asio::ssl::context>& context);

struct TlsFiles {
  std::string ca;
  std::string certificate;
  std::string key;
  bool is_used() const { return !ca.empty(); }
};
// Both sides show certificates of the one authority. CONFIG_ERROR names the file.
Result<std::shared_ptr<boost::asio::ssl::context>> tls_context(const TlsFiles& files);

}  // namespace kvhost::leader_follower
