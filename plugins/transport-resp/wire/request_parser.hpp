// Cuts commands out of the bytes of a connection: RESP arrays of bulk strings, and inline commands.
//
// Threads:   one, the connection's.
// Lifetime:  the arguments of next() view the input; they live until input_room().
// Errors:    kProtocolError ends the stream; error() has Redis's words.
// Limits:    the buffer grows with what has arrived, never with what a length claims.
#pragma once

#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kvhost::resp {

struct ParserLimits {
  uint64_t max_bulk_bytes = uint64_t{512} << 20;   // of one argument
  uint64_t max_request_bytes = uint64_t{1} << 30;  // of one command
  bool is_authenticated = true;                    // strangers may send small commands only
};

class RequestParser {
 public:
  enum class Step : uint8_t { kCommand, kNeedsMore, kProtocolError };

  explicit RequestParser(const ParserLimits& limits) : limits_(limits) {}

  // Where to put received bytes; never empty. Ends the life of earlier arguments.
  std::span<char> input_room();
  void received(std::size_t bytes) { end_ += bytes; }
  // The next whole command is in arguments(); commands without arguments are passed over.
  Step next();
  std::span<const std::string_view> arguments() const { return arguments_; }
  // The words after "ERR ".
  const std::string& error() const { return error_; }
  // Bytes that hold one command's beginning or wait to be read.
  std::size_t unread_bytes() const { return end_ - begin_; }
  std::size_t buffer_bytes() const { return input_.size(); }
  // Of the command that next() found last.
  std::size_t command_bytes() const { return command_bytes_; }
  ParserLimits& limits() { return limits_; }
  // Gives the memory back where nothing is unread.
  void trim();

 private:
  struct Extent {
    std::size_t start;
    std::size_t size;
  };
  enum class Line : uint8_t { kNone, kWhole };

  std::string_view unread() const { return {input_.data() + begin_, end_ - begin_}; }
  Step fail(std::string text);
  Step next_inline();
  Step next_multibulk();
  Step read_count();
  Step read_bulk();
  Step finish_multibulk();
  // The line at `at_` without its end, and how far the next byte is; false where it is not there.
  bool take_line(std::string_view& line);

  ParserLimits limits_;
  std::vector<char> input_;
  std::size_t begin_ = 0;  // the first byte of what is unread
  std::size_t end_ = 0;
  std::size_t at_ = 0;  // within the command that has begun, from begin_
  std::size_t wanted_ = 0;
  std::size_t command_bytes_ = 0;

  bool has_begun_ = false;  // the count of a multibulk is read
  int64_t missing_ = 0;     // arguments that are still to come
  int64_t bulk_bytes_ = -1;
  std::vector<Extent> extents_;
  std::deque<std::vector<std::string>> words_;  // of inline commands
  std::vector<std::string_view> arguments_;
  std::string error_;
};

}  // namespace kvhost::resp
