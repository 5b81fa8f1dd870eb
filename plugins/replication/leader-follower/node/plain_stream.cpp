#include <boost/asio/write.hpp>
#include <utility>

#include "node/stream.hpp"

namespace kvhost::leader_follower {
namespace {

class PlainStream final : public Stream, public std::enable_shared_from_this<PlainStream> {
 public:
  explicit PlainStream(Socket socket) : socket_(std::move(socket)) {}

  void shake_hands(bool, std::function<void(Status)> done) override { done({}); }
  void read_some(boost::asio::mutable_buffer room, Handler done) override {
    socket_.async_read_some(
        room, [self = shared_from_this(), done = std::move(done)](
                  boost::system::error_code failure, std::size_t bytes) { done(failure, bytes); });
  }
  void write(boost::asio::const_buffer bytes, Handler done) override {
    boost::asio::async_write(
        socket_, bytes,
        [self = shared_from_this(), done = std::move(done)](
            boost::system::error_code failure, std::size_t count) { done(failure, count); });
  }
  void close() override {
    boost::system::error_code ignored;
    socket_.close(ignored);
  }
  Status check_identity(const std::string&) const override { return {}; }

 private:
  Socket socket_;
};

}  // namespace

std::shared_ptr<Stream> plain_stream(Stream::Socket socket) {
  return std::make_shared<PlainStream>(std::move(socket));
}

}  // namespace kvhost::leader_follower
