// Writes replies in RESP2 or RESP3.
//
// Threads:   one.
// Lifetime:  borrows the string that it appends to.
// Format:    docs/protocols/resp.md
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "kvhost/status.hpp"
#include "wire/numbers.hpp"

namespace kvhost::resp {

class ReplyWriter {
 public:
  ReplyWriter(std::string& out, int protocol) : out_(out), protocol_(protocol) {}

  int protocol() const { return protocol_; }

  void ok() { out_.append("+OK\r\n"); }
  void simple(std::string_view text) { line('+', text); }
  // The whole text with its prefix: "ERR syntax error". Line ends become spaces.
  void error(std::string_view text);
  // A failure of the store, with the prefix of the status table.
  void error(const Status& status);
  void integer(int64_t value) { header(':', value); }
  void bulk(std::string_view text) {
    header('$', static_cast<int64_t>(text.size()));
    out_.append(text);
    out_.append("\r\n");
  }
  void null() { out_.append(protocol_ >= 3 ? "_\r\n" : "$-1\r\n"); }
  void null_array() { out_.append(protocol_ >= 3 ? "_\r\n" : "*-1\r\n"); }
  void array(std::size_t count) { header('*', static_cast<int64_t>(count)); }
  // `pairs` keys with a value each; a flat array before RESP3.
  void map(std::size_t pairs) {
    header(protocol_ >= 3 ? '%' : '*', static_cast<int64_t>(protocol_ >= 3 ? pairs : 2 * pairs));
  }
  void set(std::size_t count) { header(protocol_ >= 3 ? '~' : '*', static_cast<int64_t>(count)); }
  void push(std::size_t count) { header(protocol_ >= 3 ? '>' : '*', static_cast<int64_t>(count)); }
  // Text for people; a bulk before RESP3.
  void verbatim(std::string_view text);
  void number(std::string_view decimal);  // a double in RESP3, a bulk before
  void big_number(std::string_view digits);
  void boolean(bool value);
  // A reply that is written already.
  void raw(std::string_view reply) { out_.append(reply); }

 private:
  void header(char type, int64_t number) {
    out_.push_back(type);
    append_number(out_, number);
    out_.append("\r\n");
  }
  void line(char type, std::string_view text) {
    out_.push_back(type);
    out_.append(text);
    out_.append("\r\n");
  }

  std::string& out_;
  const int protocol_;
};

}  // namespace kvhost::resp
