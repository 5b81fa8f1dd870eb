// One client of @NAME@, without a socket: bytes in, calls of the store, bytes out. A request is a
// line, a reply is a line; requests are answered in their order, one at a time.
//
//   GET key          VALUE value | ABSENT
//   SET key value    STORED version
//   DEL key          DELETED | ABSENT
//   anything else    ERROR words
//
// Threads:   the server's loop; the store answers on any thread, and then wakes the loop.
// Lifetime:  held by the calls that are under way.
#pragma once

#include <functional>
#include <kvhost/plugin.hpp>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(kvhost::Store store, uint64_t session, std::size_t max_line,
             std::function<void()> wake);

  // Ends the session. Nothing is called after it.
  void close() { store_.close_session(session_); }

  void receive(std::string_view bytes) { input_ += bytes; }
  // Carries out what was received, as far as it can be now.
  void advance();

  // What is to be sent; drop_output() after it was.
  std::string output() const;
  void drop_output(std::size_t size);

  // A client that does not read its replies is not read from.
  bool wants_input() const;
  // A call of the store is under way: the connection, and what wakes the loop, must stay.
  bool is_busy() const;
  // After a line that is too long: nothing more is read, and the end follows the output.
  bool is_broken() const { return is_broken_; }

 private:
  void start(std::string_view line);
  void get(std::string_view key);
  void set(std::string_view key, std::string_view value);
  void erase(std::string_view key);
  void reply(std::string text);
  void reply_error(const kvhost::Status& status);

  const kvhost::Store store_;
  const uint64_t session_;
  const std::size_t max_line_;
  const std::function<void()> wake_;

  // The loop's.
  std::string input_;
  bool is_broken_ = false;

  mutable std::mutex mutex_;
  std::string output_;
  bool is_busy_ = false;
};
