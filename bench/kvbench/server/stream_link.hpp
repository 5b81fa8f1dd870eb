// A Link over a socket, for protocols that answer in order.
//
// Threads:   one.
// Lifetime:  the connection ends with the object.
#pragma once

#include <deque>
#include <memory>
#include <string>

#include "codec.hpp"
#include "link.hpp"

namespace kvbench {

class StreamLink final : public Link {
 public:
  // Takes a connected socket.
  StreamLink(int descriptor, std::unique_ptr<Codec> codec)
      : descriptor_(descriptor), codec_(std::move(codec)) {}
  ~StreamLink() override;
  StreamLink(const StreamLink&) = delete;
  StreamLink& operator=(const StreamLink&) = delete;

  void get(uint32_t tag, std::string_view key) override;
  void put(uint32_t tag, std::string_view key, std::string_view value) override;
  // Sends what the socket takes; the rest goes while receive() waits, so that a server which stops
  // reading until its answers are read does not stop both.
  void flush() override;
  void receive(TimePoint deadline, std::vector<Answer>& answers) override;

 private:
  bool read_some();
  void decode_all(std::vector<Answer>& answers);

  int descriptor_;
  std::unique_ptr<Codec> codec_;
  std::deque<uint32_t> tags_;
  std::string output_;
  std::size_t sent_ = 0;  // of output_
  std::string input_;     // not decoded yet
  std::vector<char> piece_ = std::vector<char>(std::size_t{64} << 10);
};

// A connected, non-blocking socket without Nagle's delay. Throws std::runtime_error.
int connect_to(const Endpoint& endpoint);

}  // namespace kvbench
